// Asks the gateway. The credential lives in the caller's memory and leaves it only as a request header.
const ENDPOINT = 'graphql'; // beside this page, same origin

export const NO_TOKEN = 'No token yet: paste one at the top of this page. Nothing was sent.';

/**
 * A fetcher for GraphiQL that can be stopped.
 *
 * credential: () => { token, purpose }, read at each request. report: called with { ok, text } after each answer.
 */
export function createFetcher(credential, report) {
  return (operation, options = {}) => ({
    subscribe({ next, error, complete }) {
      const stop = new AbortController();
      // GraphiQL asks for the schema a second time when an answer holds no data, but not when the request fails.
      const forPeople = 'documentAST' in options;
      ask(operation, credential(), stop.signal)
        .catch(failure => ({ result: { errors: [{ message: failure.message }] }, ok: false, text: failure.message }))
        .then(({ result, ...told }) => {
          if (stop.signal.aborted) return;
          report(told);
          if (!forPeople && !result.data) return error(new Error(result.errors[0].message));
          next(result);
          complete();
        });
      return { unsubscribe: () => stop.abort() };
    },
  });
}

async function ask({ query, variables, operationName }, { token, purpose }, signal) {
  if (!token) throw new Error(NO_TOKEN);
  const headers = {
    Accept: 'application/graphql-response+json, application/json;q=0.9',
    'Content-Type': 'application/json',
    Authorization: `Bearer ${token}`,
  };
  if (purpose) headers['X-Purpose'] = purpose;
  const started = performance.now();
  const response = await fetch(ENDPOINT, {
    method: 'POST',
    headers,
    body: JSON.stringify({ query, variables, operationName: operationName ?? undefined }),
    credentials: 'omit',
    cache: 'no-store',
    redirect: 'error',
    signal,
  }).catch(() => {
    throw new Error('No answer from the gateway. Is it running, and can this machine reach it?');
  });
  const result = await parse(response);
  const took = Math.round(performance.now() - started);
  return { result, ok: response.ok, text: describe(response, result, took) };
}

async function parse(response) {
  const text = await response.text();
  try {
    const result = JSON.parse(text);
    if (result.data !== undefined || result.errors?.length) return result;
  } catch {
    // Told below: a proxy in between may answer with a page of its own.
  }
  return { errors: [{ message: `HTTP ${response.status}: the answer is not GraphQL.` }] };
}

function describe(response, result, took) {
  if (response.status === 401) {
    return 'HTTP 401: the gateway does not accept this token. It is incomplete, expired or revoked.';
  }
  const errors = result.errors?.length ?? 0;
  if (!response.ok) {
    const wait = response.headers.get('Retry-After');
    return `HTTP ${response.status}: ${result.errors?.[0]?.message ?? ''}${wait ? ` Retry after ${wait} s.` : ''}`;
  }
  return `Answered in ${took} ms${errors ? `, with ${errors} ${errors === 1 ? 'error' : 'errors'}` : ''}.`;
}
