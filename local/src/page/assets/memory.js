// What the browser remembers between visits. A browser that refuses to remember is no error: the page works all the same.

/** The text stored under `key`, or null. */
export function recall(storage, key) {
  try {
    return globalThis[storage].getItem(key);
  } catch {
    return null;
  }
}

/** Stores `text` under `key` in "localStorage" or "sessionStorage", where the browser lets us. */
export function remember(storage, key, text) {
  try {
    globalThis[storage].setItem(key, text);
  } catch {
    // Storage is switched off or full.
  }
}
