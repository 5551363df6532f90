// The page that asks a person to log in for a program: it sends tokens to the address that the program gave, with the
// permissions that it asked for and no more. Whose address that is stands above the button.

export const LOGIN_PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Log in</title>
<style>
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
  main { max-width: 22rem; margin: 12vh auto; padding: 0 1rem }
  label { display: block; margin: 1rem 0 }
  input { display: block; width: 100%; box-sizing: border-box; padding: .5rem; font: inherit }
  button { padding: .5rem 1.5rem; font: inherit }
  [role=alert] { color: #c22 }
  code { overflow-wrap: anywhere }
</style>
</head>
<body>
<main>
<h1>Log in to this node</h1>
<p id="asked"></p>
<form id="login">
<label>Name <input name="username" autocomplete="username" required maxlength="256"></label>
<label>Password <input name="password" type="password" autocomplete="current-password" required maxlength="128"></label>
<button>Log in</button>
</form>
<p id="said" role="alert"></p>
</main>
<script src="/auth/assets/login.js"></script>
</body>
</html>
`

export const CALLBACK_PAGE = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Logged in</title></head>
<body><p>You are logged in. This page can be closed.</p></body></html>
`

export const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path d="M5 7V5a3 3 0 0 1 6 0v2h1v7H4V7zm2 0h2V5a1 1 0 0 0-2 0z" fill="#567"/></svg>
`

/** Runs in the browser. `answersInQuery`: for programs that ask for it, as the node's setting allows. */
export function loginScript(answersInQuery: boolean): string {
  return `'use strict'\nconst answersInQuery = ${answersInQuery}\n${SCRIPT}`
}

/** Texts reach the page as text, never as markup. */
const SCRIPT = `const query = new URLSearchParams(location.search)
const callback = callbackOf(query.get('callback-url'))
const permissions = (query.get('permissions') || '').split(',').map((each) => each.trim()).filter(Boolean)
const asked = document.getElementById('asked')
const said = document.getElementById('said')
const inQuery = answersInQuery && query.get('answer') === 'query'
const isAdmin = permissions.length === 0 || permissions.includes('admin')

if (callback) {
  const what = isAdmin ? 'everything this login may do' : permissions.join(', ')
  asked.append('A program at ', code(callback.origin), ' asks for: ', code(what))
}

document.getElementById('login').addEventListener('submit', async (event) => {
  event.preventDefault()
  said.textContent = ''
  const fields = new FormData(event.target)
  try {
    handOver(await tokensFor(String(fields.get('username')), String(fields.get('password'))))
  } catch (error) {
    said.textContent = error.message
  }
})

async function tokensFor(username, password) {
  const all = await post('/auth/token', {
    auth_method: 'user_password',
    public_key: username,
    client_name: location.origin,
    timestamp: Math.floor(Date.now() / 1000),
    provider_data: { username, password },
  })
  // What stands in a query is logged on its way: a key of its own, which can be revoked, and no token that makes keys.
  if (isAdmin && !inQuery) return all
  const asked = { permissions: isAdmin ? ['admin'] : permissions, target_node_url: location.origin }
  const own = await post('/admin/client-key', asked, all.access_token)
  // Nobody has this login any more.
  await post('/auth/logout', { refresh_token: all.refresh_token })
  return own
}

async function post(path, body, token) {
  const headers = { 'content-type': 'application/json', ...(token ? { authorization: 'Bearer ' + token } : {}) }
  const response = await fetch(path, { method: 'POST', headers, body: JSON.stringify(body) })
  const answer = await response.json()
  if (!response.ok) throw new Error(answer.error || 'HTTP ' + response.status)
  return answer.data
}

function handOver({ access_token, refresh_token }) {
  if (!callback) {
    document.getElementById('login').remove()
    asked.textContent = 'You are logged in, but no program asked for it.'
    return
  }
  const given = new URLSearchParams({ access_token, refresh_token, node_url: location.origin })
  // Older programs read the query only. Others get what no server logs.
  if (inQuery) for (const [name, value] of given) callback.searchParams.set(name, value)
  else callback.hash = given.toString()
  location.assign(callback)
}

function callbackOf(text) {
  const url = text && URL.canParse(text) ? new URL(text) : undefined
  return url && (url.protocol === 'http:' || url.protocol === 'https:') ? url : undefined
}

function code(text) {
  const element = document.createElement('code')
  element.textContent = text
  return element
}
`
