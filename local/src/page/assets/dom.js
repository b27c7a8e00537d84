// Building and replacing elements. Text only ever becomes text: nothing here, or anywhere on the page, parses HTML.

/** An element with attributes (`class`, `aria-label`, ...), listeners (`onclick`, ...) and children (nodes or text). */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== undefined && value !== null) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

export const byId = (id) => document.getElementById(id);

const signatures = new WeakMap();

/**
 * Makes the children of `container` be those of `items`, in order, keeping what has not changed. `render` makes an
 * item's element; `signature` is what it depends on. Where an element that has the focus is replaced, the element with
 * the same `data-focus` in its place gets it, else the place itself.
 */
export function reconcile(container, items, key, signature, render) {
  const old = new Map([...container.children].map((child) => [child.dataset.key, child]));
  const names = new Set(items.map((item) => String(key(item))));
  for (const [name, child] of old) if (!names.has(name)) child.remove();
  let cursor = container.firstElementChild;
  for (const item of items) {
    const name = String(key(item));
    const wanted = JSON.stringify(signature(item));
    let element = old.get(name);
    if (!element || signatures.get(element) !== wanted) {
      const fresh = render(item);
      fresh.dataset.key = name;
      signatures.set(fresh, wanted);
      if (element) {
        const focus = focused(element);
        if (cursor === element) cursor = fresh;
        element.replaceWith(fresh);
        refocus(fresh, focus);
      }
      element = fresh;
    }
    if (element === cursor) cursor = cursor.nextElementSibling;
    else container.insertBefore(element, cursor);
  }
}

function focused(element) {
  const active = document.activeElement;
  return element.contains(active) ? (active.closest("[data-focus]")?.dataset.focus ?? "") : null;
}

function refocus(element, focus) {
  if (focus === null) return;
  const same = [...element.querySelectorAll("[data-focus]")].find((candidate) => candidate.dataset.focus === focus);
  if (same && !same.disabled) return same.focus();
  element.tabIndex = -1;
  element.focus({ preventScroll: true });
}

/** Radio buttons that look like a row of tabs, in `box`. `choices`: {value, label, note?, badge?, picture?: () => node}. */
export function radios(box, name, choices, chosen, onchange) {
  reconcile(box, choices, ({ value }) => value, (choice) => choice, (choice) => radio(name, choice, onchange));
  for (const input of box.querySelectorAll("input")) input.checked = input.value === chosen;
}

function radio(name, choice, onchange) {
  const input = el("input", { type: "radio", name, value: choice.value, "data-focus": choice.value });
  input.addEventListener("change", () => onchange(choice.value));
  const badge = choice.badge ? el("span", { class: "badge", title: choice.badgeTitle }, choice.badge) : null;
  const note = choice.note ? el("small", {}, choice.note) : null;
  return el("label", {}, input, choice.picture?.(), el("span", {}, choice.label), note, badge);
}
