// docs/reference/http.md and openapi.json from the route declarations.
import { DECLARATIONS } from '../../node-runtime/src/server/api.ts'
import { openApiDocument } from '../../node-runtime/src/server/openapi/document.ts'
import { LACKING, LACKING_PARTS } from '../../node-runtime/src/server/routes/unsupported.ts'

export async function openApiPage(): Promise<string> {
  return `${JSON.stringify(openApiDocument(DECLARATIONS), undefined, 1)}\n`
}

export async function routesPage(): Promise<string> {
  const lacking = new Set(LACKING.map(({ method, url }) => `${method} ${url}`))
  const rows = [...DECLARATIONS]
    .filter(({ method, url }) => !lacking.has(`${method} ${url}`))
    .sort((a, b) => (a.url === b.url ? a.method.localeCompare(b.method) : a.url.localeCompare(b.url)))
    .map(
      ({ method, url, summary, permission = 'admin' }) => `| \`${method} ${url}\` | ${summary} | \`${permission}\` |`,
    )
  return [
    '# HTTP routes of a node',
    '',
    'Generated from the declarations in `node-runtime/src/server/routes`; do not edit.',
    '',
    'Ids of contexts, applications, blobs and public keys are base58; ids of namespaces, groups and accounts are 64 hex',
    'characters. Errors are `{"error": "…"}` with the status that fits.',
    '',
    'Where the node asks for no tokens (`auth_mode: proxy`), requests whose Host is neither an IP address nor localhost, and',
    'those of web pages (Origin) that are not of this machine, are refused with 403. Query parameters that a route does not know are ignored.',
    '',
    'The same with the fields of requests and answers, for programs: [openapi.json](openapi.json), and `GET /openapi.json` of a',
    'node. The permission is what a token must have where the node asks for tokens: `public` needs none, `token` any; `:id`',
    'stands for that parameter of the path. The routes of `/auth` and `/admin` are there with `auth_mode: embedded` only: a node',
    'that asks for no tokens has no login, and answers them with 404.',
    '',
    '| route | what it does | permission |',
    '| --- | --- | --- |',
    ...rows,
    '',
    '## Not served',
    '',
    'What merod has and this node does not: routes, and what routes that are served are asked for. The answer is 501, with its name.',
    '',
    '| route | what is not here |',
    '| --- | --- |',
    ...LACKING.map(({ method, url, feature }) => `| \`${method} ${url}\` | ${feature} |`),
    ...LACKING_PARTS.map(({ route, of, feature }) => `| \`${route}\` with ${of} | ${feature} |`),
    '',
    '## Older clients',
    '',
    'With `x-calbox-legacy: 1` in a request, answers have the old names of fields beside those of today: `rootHash`, `alias`,',
    '`defaultVisibility`, and `data` and `selfIdentity` in lists of members.',
    '',
  ].join('\n')
}
