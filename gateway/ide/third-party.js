// Writes the licences of every package whose code or styles end up in the bundle.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const PACKAGE = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/;
// Comes inside monaco-editor, whose own notices do not name it.
const CODICONS = 'The icon font (Codicons) is by Microsoft, under CC BY 4.0: https://creativecommons.org/licenses/by/4.0/';
const LICENCE = /^(licen[cs]e|notice|thirdpartynotices)/i;

export function thirdParty() {
  const folders = new Set();
  return {
    // One instance for the page and one for each worker; all add to the same list.
    collect: () => ({
      name: 'third-party-collect',
      load(id) {
        const folder = PACKAGE.exec(id.replaceAll('\\', '/'));
        if (folder) folders.add(folder[0]);
      },
    }),
    write: fileName => ({
      name: 'third-party-write',
      generateBundle() {
        const source = [...folders].map(describe).sort().join(`\n${'='.repeat(100)}\n\n`);
        this.emitFile({ type: 'asset', fileName, source });
      },
    }),
  };
}

function describe(folder) {
  const { name, version, license } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
  const texts = readdirSync(folder)
    .filter(file => LICENCE.test(file))
    .sort()
    .map(file => readFileSync(path.join(folder, file), 'utf8').trim());
  if (name === 'monaco-editor') texts.push(CODICONS);
  return [`${name} ${version} (${license})`, ...texts].join('\n\n') + '\n';
}
