// The page's JSON API.

/** What stays the same while the demo runs. */
export async function setup() {
  return (await fetch("/api/setup")).json();
}

let known = "";

/** The moment, or null where nothing has changed since the last call. */
export async function state() {
  const response = await fetch(`/api/state?known=${encodeURIComponent(known)}`);
  if (response.status === 204) return null;
  if (!response.ok) throw new Error(`the page's server answered ${response.status}`);
  const body = await response.json();
  known = response.headers.get("x-version") ?? "";
  return body;
}

/** Does something; throws an Error with the reason where it was refused. */
export async function post(path, body) {
  const response = await fetch(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (response.ok) return JSON.parse(text);
  let reason = text;
  try {
    reason = JSON.parse(text).error ?? text;
  } catch {
    // Not JSON: the text itself is the reason.
  }
  throw new Error(reason);
}
