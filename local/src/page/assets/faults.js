// Faults by one click: buttons that stay pressed as long as a service misbehaves.

import { post } from "./api.js";
import { byId, el, reconcile } from "./dom.js";
import { icon } from "./icons.js";
import { explain, said } from "./openings.js";
import { page, part } from "./page.js";

/** The buttons' words; the whole title is read with the explanation. */
const SHORT = {
  "ec2-throttled": "EC2 throttles",
  "spoke-role-missing": "Spoke role missing",
  "killed-after-answer": "Responder killed after its answer",
  "revoke-denied": "EC2 refuses to revoke",
  "assume-denied": "AssumeRole refused",
  "lake-failing": "Lake fails",
  "database-failing": "DynamoDB fails",
  "slack-slow": "Slack is slow",
};

/** Wires the switches. */
export function startFaults() {
  explain(byId("faults"), byId("fault-explains"));
  part(showFaults);
}

/** The faults that are on. */
export const faultsOn = () => page.setup.faults.filter(({ key }) => page.state.faults[key]);

function showFaults() {
  reconcile(
    byId("faults"),
    page.setup.faults,
    ({ key }) => key,
    (fault) => [fault, page.state.faults[fault.key]],
    ({ key, title, explains }) => {
      const on = page.state.faults[key] === true;
      const id = `explains-${key}`;
      const turn = () => void turnFault(key, !on);
      return el(
        "li",
        {},
        el(
          "button",
          { type: "button", "data-fault": key, "data-focus": key, "aria-pressed": String(on), "aria-describedby": id, onclick: turn },
          on ? icon("warning") : null,
          SHORT[key] ?? title,
        ),
        el("span", { class: "hidden", id }, explains ? `${title}. ${explains}` : title),
      );
    },
  );
}

/** Faults that a person turned off here. */
const turnedOff = new Set();

/** Whether a fault is off because a person turned it off on this page. */
export const wasTurnedOff = (key) => turnedOff.has(key);

/** Turns a fault on or off. */
export async function turnFault(key, on) {
  if (on) turnedOff.delete(key);
  else turnedOff.add(key);
  try {
    await post("/api/fault", { key, on });
  } catch (error) {
    said(error.message, true);
  }
}
