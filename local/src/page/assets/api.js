// The page's JSON API.

/** The demo does not answer, or not as it should: most likely it has been stopped. */
export class NoAnswer extends Error {}

async function ask(path, options) {
  try {
    return await fetch(path, options);
  } catch (error) {
    throw new NoAnswer(`the demo does not answer (${error.message})`);
  }
}

/** What stays the same while the demo runs. */
export async function setup() {
  return (await ask("/api/setup")).json();
}

let known = "";

/** The moment, or null where nothing has changed since the last call. */
export async function state() {
  const response = await ask(`/api/state?known=${encodeURIComponent(known)}`);
  if (response.status === 204) return null;
  if (!response.ok) throw new NoAnswer(`the page's server answered ${response.status}`);
  const body = await response.json();
  known = response.headers.get("x-version") ?? "";
  return body;
}

/** One request with its time line, its item and its record. */
export async function request(id) {
  return answer(await ask(`/api/request/${encodeURIComponent(id)}`));
}

/** Does something; throws an Error with the reason where it was refused. */
export async function post(path, body) {
  const headers = { "content-type": "application/json" };
  return answer(await ask(path, { method: "POST", headers, body: JSON.stringify(body) }));
}

async function answer(response) {
  const text = await response.text();
  if (response.ok) return JSON.parse(text);
  let reason = text;
  try {
    reason = JSON.parse(text).error ?? text;
  } catch {
    // Not JSON: the text itself is the reason.
  }
  throw new Error(reason || `the page's server answered ${response.status}`);
}
