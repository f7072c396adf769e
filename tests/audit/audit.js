// Audits one server: node audit.js URL, the Authorization header in AUTHORIZATION. Prints one JSON list of
// {id, name, status, reason}; status is ok, notice, warn or error.
import { auditServer } from "graphql-http";

const authorization = process.env.AUTHORIZATION;

const results = await auditServer({
  url: process.argv[2],
  fetchFn: (input, init = {}) => fetch(input, { ...init, headers: { ...init.headers, authorization } }),
});

console.log(JSON.stringify(results.map(({ id, name, status, reason }) => ({ id, name, status, reason }))));
