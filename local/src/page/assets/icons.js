// Small drawings in the colour of the text beside them. They say nothing that a word does not say too.

const NAMESPACE = "http://www.w3.org/2000/svg";

/** An SVG element with attributes and children. */
export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS(NAMESPACE, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** Lines on a field of 20 by 20. */
const LINES = {
  globe: ["M10 2a8 8 0 1 0 0 16a8 8 0 1 0 0-16", "M2.4 10h15.2", "M10 2c-5 4.5-5 11.5 0 16c5-4.5 5-11.5 0-16"],
  shut: ["M3.5 18V9a6.5 6.5 0 0 1 13 0v9", "M3.5 18h13M10 2.6V18M6.7 4.2V18M13.3 4.2V18M3.5 9.5h13M3.5 14h13"],
  raised: ["M3.5 18V9a6.5 6.5 0 0 1 13 0v9", "M1.5 18h4M14.500 18h4M6.7 4.2V8M10 2.6V8M13.300 4.2V8M3.8 8h12.4"],
  range: ["M3 10h14", "M5.500 6.500L2.500 10l3 3.500", "M14.500 6.500l3 3.500l-3 3.500"],
  list: ["M7.500 5h10M7.500 10h10M7.500 15h10", "M3 5h.5M3 10h.5M3 15h.5"],
  group: ["M3 5.500L10 2.500l7 3v4.500c0 4-3 6.500-7 8c-4-1.500-7-4-7-8z"],
  warning: ["M10 3L18 17H2z", "M10 8v4.500M10 14.700v.1"],
  done: ["M3.500 10.500l4.500 4.500l8.500-9.500"],
  clock: ["M10 2a8 8 0 1 0 0 16a8 8 0 1 0 0-16", "M10 5.500V10l3 2"],
  cloud: ["M5.500 16h9a3.500 3.500 0 0 0 .5-7a5 5 0 0 0-9.600-.5A3.800 3.800 0 0 0 5.500 16z"],
  record: ["M5 2.500h7l3.500 3.500v11.500h-10.500z", "M8 9h5M8 12h5M8 15h3"],
  post: ["M3 4h14v9h-8l-4 3.500v-3.500h-2z"],
  table: ["M3 4h14v12h-14z", "M3 8h14M3 12h14M8 4v12"],
  person: ["M10 3a3.200 3.200 0 1 0 0 6.400a3.200 3.200 0 1 0 0-6.400", "M3.500 17.500c.5-4 3-5.500 6.500-5.500s6 1.500 6.500 5.500"],
  function: ["M11 2.500L4.500 11.500h5l-1 6l7-9.500h-5z"],
  close: ["M4.500 4.500l11 11M15.500 4.500l-11 11"],
  follow: ["M4 3v14", "M4 5h7M4 10h12M4 15h9"],
};

/** The icon of this name, hidden from screen readers. */
export function icon(name) {
  const lines = LINES[name].map((d) => svg("path", { d }));
  return svg("svg", { class: `icon icon-${name}`, viewBox: "0 0 20 20", "aria-hidden": "true" }, ...lines);
}
