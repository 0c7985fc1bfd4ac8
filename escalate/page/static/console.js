// The operator's console: asks for what is stored, again and again, and draws it.

import { Conversation } from "./conversation.js";
import { find, make } from "./dom.js";
import { Picture } from "./picture.js";

const EVERY_MS = 2000;

const GOOD = new Set(["connected", "voicemail", "callback"]);
const BAD = new Set(["goodbye", "refused", "returned"]);

let shown = "";
let older = [];
let next = null;

// --- what is asked for ----------------------------------------------------------------------------

async function ask(path) {
  const reply = await fetch(path);
  // The session is over: the door is at the same address.
  if (reply.status === 401) location.reload();
  if (!reply.ok) throw new Error((await reply.json()).error);
  return reply.json();
}

async function refresh() {
  if (document.hidden) return;
  try {
    const told = await ask("escalations");
    setState("good", "live");
    draw(told);
  } catch (error) {
    setState("bad", error instanceof TypeError ? "no answer" : error.message);
  }
}

function setState(kind, text) {
  find("state").className = `state ${kind}`;
  if (find("state").textContent !== text) find("state").textContent = text;
}

// --- what is drawn --------------------------------------------------------------------------------

function draw({ now, summary, escalations, next: after }) {
  const told = JSON.stringify([summary, escalations]);
  for (const clock of document.querySelectorAll("[data-since]")) {
    clock.textContent = duration(now - Number(clock.dataset.since));
  }
  if (told === shown) return;
  shown = told;
  const focused = document.activeElement;
  // Older pages stay as they were read; the newest may push some of its own down to them.
  if (older.length === 0) next = after;
  drawSummary(summary);
  drawAlerts(escalations);
  const open = escalations.filter((one) => one.outcome === null);
  find("open").replaceChildren(...(open.length ? open.map((one) => live(one, now)) : [nobody()]));
  drawPast(escalations.filter((one) => one.outcome !== null));
  if (!focused.isConnected) focusOn(focused.dataset.call);
}

// What has been drawn anew keeps the focus.
function focusOn(callUuid) {
  if (callUuid) document.querySelector(`main [data-call="${CSS.escape(callUuid)}"]`)?.focus();
}

function drawSummary({ escalations, open, ended, connected, median_time_to_human_s, alerts }) {
  const share = ended ? `${Math.round((100 * connected) / ended)} %` : "none yet";
  const wait = median_time_to_human_s === null ? "none yet" : duration(median_time_to_human_s);
  const figures = [
    ["asking right now", open],
    [`reached a human, of the last ${ended}`, share],
    ["median time to a human", wait],
    [`alerts in the last ${escalations}`, alerts],
  ];
  find("summary").replaceChildren(
    ...figures.map(([name, figure]) =>
      make("div", { class: "card" }, make("dt", {}, name), make("dd", { class: "number" }, figure)),
    ),
  );
}

// What has to be mended is told once, with the call that showed it last.
function drawAlerts(escalations) {
  const found = new Map();
  for (const one of escalations) {
    for (const text of one.alerts) found.set(text, [...(found.get(text) ?? []), one]);
  }
  find("alerts-card").hidden = found.size === 0;
  find("alerts").replaceChildren(...[...found].map(([text, calls]) => alert(text, calls)));
}

function alert(text, calls) {
  const often = calls.length > 1 ? `${calls.length} times, last at ` : "at ";
  return make(
    "li",
    {},
    make("b", {}, make("bdi", {}, words(text))),
    make("span", { class: "quiet" }, often, moment(calls[0].opened_at)),
    opener(calls[0]),
  );
}

function live(one, now) {
  return make(
    "li",
    {},
    make("span", { class: "number", "data-since": one.opened_at }, duration(now - one.opened_at)),
    make("b", {}, one.stands),
    make("span", { class: "quiet" }, one.why, ". ", tried(one)),
    opener(one),
  );
}

const nobody = () => make("li", { class: "quiet" }, "Nobody is asking for a human.");

function drawPast(recent) {
  const known = new Set(recent.map((one) => one.escalation));
  const past = [...recent, ...older.filter((one) => !known.has(one.escalation))];
  const head = ["when", "why", "tried", "outcome", "time to a human", ""];
  const table = make(
    "table",
    { class: "past" },
    make("thead", {}, make("tr", {}, ...head.map((name) => make("th", { scope: "col" }, name)))),
    make("tbody", {}, ...past.map(row)),
  );
  find("past").replaceChildren(past.length ? table : make("p", { class: "quiet" }, "Nobody yet."));
  find("more").hidden = next === null;
}

function row(one) {
  const kind = GOOD.has(one.outcome) ? "good" : BAD.has(one.outcome) ? "bad" : "";
  const because = one.reason && one.reason !== "completed" ? ` (${words(one.reason)})` : "";
  const cells = [
    ["when", moment(one.opened_at)],
    ["why", make("span", { title: `rule: ${one.rule}` }, one.why)],
    ["tried", tried(one)],
    ["outcome", make("span", { class: `verdict ${kind}` }, one.stands, because)],
    ["time to a human", one.time_to_human_s === null ? "–" : duration(one.time_to_human_s)],
    ["", opener(one)],
  ];
  return make("tr", {}, ...cells.map(([name, cell]) => make("td", { "data-name": name }, cell)));
}

function tried({ attempts }) {
  if (attempts.length === 0) return "nobody yet";
  const told = attempts.map(({ destination, reason, connected_at, left_at_once }) => {
    if (left_at_once) return `${destination}: left at once`;
    const how = connected_at !== null ? "connected" : reason === null ? "is called" : words(reason);
    return `${destination}: ${how}`;
  });
  return make("bdi", {}, told.join(", "));
}

function opener(one) {
  return make(
    "button",
    {
      type: "button",
      class: "look",
      "data-call": one.call_uuid,
      "aria-label": `Look at the call of ${new Date(one.opened_at * 1000).toLocaleTimeString()}`,
      onclick: () => look(one.call_uuid),
    },
    "Look",
  );
}

// --- one call -------------------------------------------------------------------------------------

async function look(callUuid) {
  const box = find("call-body");
  box.replaceChildren(make("p", { class: "quiet" }, "loading"));
  find("call").dataset.shown = callUuid;
  find("call").showModal();
  try {
    drawCall(box, await ask(`calls/${encodeURIComponent(callUuid)}`));
  } catch (error) {
    box.replaceChildren(make("p", { class: "problem" }, error.message));
  }
}

function drawCall(box, told) {
  const picture = make("div", { class: "picture" });
  box.replaceChildren(
    make("p", { class: "quiet" }, `${told.call_uuid}, began `, moment(told.opened_at)),
    picture,
    ...told.escalations.map(escalation),
    make("h3", { id: "said-title" }, "What was said"),
    conversation(told),
  );
  // Its lines have places once it is shown.
  new Picture(picture).draw(told.picture);
}

function escalation(one) {
  const steps = [[one.opened_at, `${one.why} (${one.rule})`]];
  for (const attempt of one.attempts) {
    const { destination, started_at, answered_at, accepted_at, connected_at, ended_at } = attempt;
    steps.push([started_at, `${destination} is called`]);
    if (answered_at !== null) steps.push([answered_at, `${destination} answers`]);
    if (accepted_at !== null) steps.push([accepted_at, `${destination} accepts`]);
    if (connected_at !== null) steps.push([connected_at, `connected to ${destination}`]);
    if (ended_at !== null) steps.push([ended_at, `${destination}: ${ending(attempt)}`]);
  }
  if (one.ended_at !== null) steps.push([one.ended_at, one.stands]);
  steps.sort(([before], [after]) => before - after);
  const rows = steps.map(([at, text]) =>
    make(
      "tr",
      {},
      make("td", { class: "number" }, `${(at - one.opened_at).toFixed(1)} s`),
      make("td", {}, make("bdi", {}, text)),
    ),
  );
  return make("table", { class: "steps" }, make("tbody", {}, ...rows));
}

function ending({ reason, cause, code }) {
  const told = reason === null ? "over" : words(reason);
  return cause === null ? told : `${told}, ${cause} (${code})`;
}

function conversation({ said, findings }) {
  if (said.length === 0) return make("p", { class: "quiet" }, "It is not kept any more, or nobody spoke.");
  const box = make("div", { class: "talked" }, make("ol"));
  const shown = new Conversation(box);
  said.forEach(({ party, text, at }, seq) => {
    shown.add({ seq, at, turn: { who: party, name: party, text } });
  });
  findings.forEach((finding) => shown.addFinding(finding));
  return box;
}

// --- words ----------------------------------------------------------------------------------------

const words = (name) => name.replaceAll("_", " ");

function moment(at) {
  const date = new Date(at * 1000);
  const today = date.toDateString() === new Date().toDateString();
  const text = today ? date.toLocaleTimeString() : date.toLocaleString();
  return make("time", { datetime: date.toISOString() }, text);
}

function duration(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
}

// --- what the reader does -------------------------------------------------------------------------

find("close").addEventListener("click", () => find("call").close());
find("call").addEventListener("close", () => {
  if (document.activeElement === document.body) focusOn(find("call").dataset.shown);
});

find("more").addEventListener("click", async () => {
  find("more").disabled = true;
  try {
    const told = await ask(`escalations?before=${next}`);
    older = [...older, ...told.escalations];
    next = told.next;
    shown = "";
    await refresh();
  } catch {
    setState("bad", "no answer");
  } finally {
    find("more").disabled = false;
  }
});

document.addEventListener("visibilitychange", refresh);
setInterval(refresh, EVERY_MS);
await refresh();
