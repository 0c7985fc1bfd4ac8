// What became of a call, as the local Plivo's log has it.

import { make } from "./dom.js";

const OUTCOMES = {
  connected: (told) => `The caller was connected to a human: ${told.destination}.`,
  returned: () => "No human could be reached. The caller is with the bot.",
  with_bot: () => "The caller is with the bot.",
  finished: () => "The bot ended the call, as it meant to.",
  goodbye: () => "No human could be reached. The caller was told so, and the call ended.",
  caller_left: () => "The caller hung up.",
  lost: (told) => `The caller is lost (${told.reason}).`,
  waiting: () => "The caller is neither with the bot nor with a human.",
};

const STAGES = {
  asked_to_announcement: "from the request to the announcement",
  announcement: "announcement",
  released: "from its end to the bot's leaving",
  dialed: "until a human's phone was dialled",
  answered: "until it was answered",
  accepted: "until the human took the caller",
  accepted_to_announcement: "from then to the announcement",
  bridged: "until caller and human were connected",
  bridged_after_bot_left: "connected so far, without the bot",
};

export function draw(box, told) {
  const outcome = OUTCOMES[told.outcome] ?? (() => told.outcome.replaceAll("_", " "));
  const right = told.unmet.length === 0;
  const verdict = right ? "It came out as it must." : `It did not come out as it must: ${told.unmet.join("; ")}.`;
  box.replaceChildren(
    make("p", {}, make("b", {}, outcome(told))),
    make("p", { class: `verdict ${right ? "good" : "bad"}` }, verdict),
    ...(told.attempts.length ? [attempts(told)] : []),
    ...(Object.keys(told.stages_ms).length ? [stages(told)] : []),
  );
}

function attempts(told) {
  const rows = told.attempts.map((one) =>
    make("tr", {}, make("td", {}, make("bdi", {}, one.destination)), make("td", {}, make("bdi", {}, ending(one)))),
  );
  return make("table", {}, head("tried", "ended"), make("tbody", {}, ...rows));
}

function ending({ cause, code, answer, abandoned }) {
  const told = code === null ? "connected" : `${cause} (${code})`;
  const answered = answer === null ? told : `answered “${answer}”, ${told}`;
  return abandoned ? `${answered}, left alone` : answered;
}

function stages(told) {
  const rows = Object.entries(told.stages_ms).map(([name, ms]) =>
    make("tr", {}, make("td", { class: "number" }, `${ms} ms`), make("td", {}, STAGES[name] ?? name)),
  );
  return make("table", {}, head("time", "stage"), make("tbody", {}, ...rows));
}

function head(...names) {
  return make("thead", {}, make("tr", {}, ...names.map((name) => make("th", { scope: "col" }, name))));
}
