// The playground: begins calls, and draws what the server tells about the one that is played.

import { Conversation } from "./conversation.js";
import { find, make, seconds } from "./dom.js";
import { Humans } from "./humans.js";
import { Ladder } from "./ladder.js";
import { Picture } from "./picture.js";
import * as report from "./report.js";

const conversation = new Conversation(find("talk"));
const picture = new Picture(find("picture"));
const ladder = new Ladder(find("ladder"), showEvent);
const humans = new Humans(find("humans"), order);
const moment = find("moment");

let events = [];
// What the server told last, shown again when it is there again.
let known = ["busy", "connecting"];

// --- what the server tells ------------------------------------------------------------------------

const TOLD = {
  show({ name, description }) {
    events = [];
    conversation.clear();
    ladder.clear();
    find("result").hidden = true;
    find("phones").open = name.startsWith("your-own");
    find("about").textContent = `${name}: ${description}`;
    for (const button of find("calls").querySelectorAll("button")) {
      button.setAttribute("aria-current", button.dataset.name === name);
    }
    Object.assign(moment, { max: 0, value: 0, disabled: true });
    find("picture").replaceChildren();
    allow(false);
    setState("busy", "the caller dials");
  },
  stage({ state }) {
    if (state === "starting") setState("busy", "starting the local Plivo and the bot");
    else if (events.length === 0) setState("good", "ready");
  },
  event(event) {
    const live = Number(moment.value) === Number(moment.max);
    events.push(event);
    conversation.add(event);
    ladder.add(event);
    Object.assign(moment, { max: events.length - 1, disabled: false });
    humans.update(event.picture);
    const [caller] = event.picture.people;
    allow(caller.here && caller.state !== "calls");
    if (live) {
      moment.value = moment.max;
      showMoment();
    }
    // What comes after his end does not bring him back.
    if (caller.here) setState("good", "on the call");
  },
  phones({ phones }) {
    find("phones").hidden = false;
    humans.show(phones);
  },
  words: (words) => conversation.addWords(words),
  finding: (finding) => conversation.addFinding(finding),
  report(told) {
    find("result").hidden = false;
    report.draw(find("report"), told);
  },
  over() {
    allow(false);
    setState("", "the call is over");
  },
  trouble({ text }) {
    setState("bad", "it could not be played");
    find("result").hidden = false;
    find("report").replaceChildren(make("pre", {}, text));
  },
};

const source = new EventSource("messages");
source.onmessage = ({ data }) => {
  const told = JSON.parse(data);
  TOLD[told.type]?.(told);
};
source.onopen = () => setState(...known);
source.onerror = () => drawState("bad", "the playground does not answer");

function setState(kind, text) {
  known = [kind, text];
  drawState(kind, text);
}

function drawState(kind, text) {
  const state = find("state");
  state.className = `state ${kind}`;
  if (state.textContent !== text) state.textContent = text;
}

// --- the moment that is shown ---------------------------------------------------------------------

function showMoment() {
  const event = events[Number(moment.value)];
  if (!event) return;
  picture.draw(event.picture);
  const said = [...events.slice(0, Number(moment.value) + 1)].reverse().find((one) => one.sentence);
  const text = said ? `${said.sentence.who === "app" ? "escalate" : said.sentence.who} ${said.sentence.text}` : "";
  find("moment-text").textContent = `${seconds(event.at)} s: ${text}`;
  moment.setAttribute("aria-valuetext", `${seconds(event.at)} seconds`);
}

function showEvent(seq) {
  moment.value = events.findIndex((event) => event.seq === seq);
  showMoment();
}

moment.addEventListener("input", showMoment);

// --- what the reader does -------------------------------------------------------------------------

async function order(path, body) {
  const reply = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  find("problem").textContent = reply.ok ? "" : (await reply.json()).error;
}

function allow(there) {
  for (const control of find("say").elements) control.disabled = !there;
}

find("say").addEventListener("submit", (event) => {
  event.preventDefault();
  const words = find("words").value;
  find("words").value = "";
  if (/^[0-9*#]+$/.test(words)) order("press", { digits: words });
  else order("say", { text: words });
});
find("hang-up").addEventListener("click", () => order("hang-up", {}));
allow(false);

const scenarios = await (await fetch("scenarios")).json();
find("calls").append(
  ...scenarios.map(({ name, description }) =>
    make(
      "li",
      {},
      make(
        "button",
        { type: "button", "data-name": name, "aria-current": "false", onclick: () => order("play", { scenario: name }) },
        make("b", {}, name),
        make("span", {}, description),
      ),
    ),
  ),
);
