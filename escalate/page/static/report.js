// What became of a call, as the local Plivo's log has it.

import { make } from "./dom.js";

export function draw(box, { outcome, unmet, attempts, stages }) {
  const right = unmet.length === 0;
  const verdict = right ? "It came out as it must." : `It did not come out as it must: ${unmet.join("; ")}.`;
  box.replaceChildren(
    make("p", {}, make("b", {}, make("bdi", {}, outcome))),
    make("p", { class: `verdict ${right ? "good" : "bad"}` }, verdict),
    ...(attempts.length ? [table(["tried", "ended"], attempts.map((row) => row.map(isolated)))] : []),
    ...(stages.length ? [table(["time", "stage"], stages.map(([ms, name]) => [`${ms} ms`, name]), "number")] : []),
  );
}

// The first cells of the rows may be of a kind of their own.
function table(names, rows, first) {
  const head = names.map((name) => make("th", { scope: "col" }, name));
  const body = rows.map((cells) =>
    make("tr", {}, ...cells.map((cell, place) => make("td", { class: place === 0 ? first : null }, cell))),
  );
  return make("table", {}, make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...body));
}

const isolated = (text) => make("bdi", {}, text);
