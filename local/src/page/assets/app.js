// Wiring: asks for the state twice a second and shows it.

import * as api from "./api.js";
import { byId, el, radios, reconcile } from "./dom.js";
import { avatar } from "./avatar.js";
import { startChannel } from "./channel.js";
import { startFaults } from "./faults.js";
import { startFollow } from "./follow.js";
import { startGroup } from "./group.js";
import { markChanges } from "./marks.js";
import { recall, remember } from "./memory.js";
import { startModals } from "./modal.js";
import { startNow } from "./now.js";
import { startOpenings } from "./openings.js";
import { page, part, settle, show } from "./page.js";
import { startPicture } from "./picture.js";
import { startPointing } from "./pointing.js";
import { startTabs } from "./tabs.js";
import { isTourDue, startTour } from "./tour.js";
import { ago } from "./words.js";

/** Milliseconds between two looks. */
const EVERY = 500;
const STORED = "portcullis-user";

page.setup = await api.setup();
page.account = page.setup.accounts[0].id;
page.region = page.setup.regions[0];
page.user = firstUser();
byId("channel-name").textContent = `# ${page.setup.channel}`;

part(markChanges);
part(showPeople);
startChannel();
startModals();
startPicture();
startOpenings();
startGroup();
startFaults();
startNow();
startFollow();
startPointing();
startTabs();
startTour();
await look();

/** Who was chosen last; else somebody who may decide, or, where the tour shows how to become one, somebody who may not. */
function firstUser() {
  const { members } = page.setup;
  const stored = recall("sessionStorage", STORED);
  if (members.some(({ id }) => id === stored)) return stored;
  return (members.find(({ approver }) => approver !== isTourDue()) ?? members[0]).id;
}

function showPeople() {
  const choices = page.setup.members.map(({ id, name, approver }) => ({
    value: id, label: name, note: approver ? "approver" : "", picture: () => avatar(name),
  }));
  radios(byId("people"), "user", choices, page.user, (value) => {
    page.user = value;
    remember("sessionStorage", STORED, value);
    show();
  });
}

async function look() {
  try {
    const now = await api.state();
    if (now) {
      page.state = now;
      settle();
      show();
    }
    byId("banner").hidden = true;
  } catch (error) {
    // Only where nothing answers is the demo gone; what fails on this page is a mistake of the page, and shows as one.
    if (!(error instanceof api.NoAnswer)) reportError(error);
    byId("banner").textContent = "The demo does not answer. Is it still running? Start it with “make demo”.";
    byId("banner").hidden = !(error instanceof api.NoAnswer);
  }
  if (page.state) showFunctions();
  setTimeout(look, EVERY);
}

function showFunctions() {
  reconcile(
    byId("functions"),
    page.state.functions,
    (one) => one.name,
    (one) => [one, ago(one.last_at)],
    ({ name, busy, last_at: at, last_error: error }) => el(
      "li",
      { class: error ? "failed" : busy ? "busy" : "idle", title: error ?? "" },
      el("b", {}, name),
      el("span", { class: "doing" }, ` ${busy ? "at work" : error ? "failed" : "idle"}`),
      el("span", {}, `, ${name === "poller" ? "last tick" : "last click"} ${ago(at)}`),
    ),
  );
}
