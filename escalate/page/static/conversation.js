// The conversation: what was said, with the words that made the detector act, and what came of it.

import { atEnd, make, seconds } from "./dom.js";

const WORTH_A_NOTE = new Set(["milestone", "trouble"]);

export class Conversation {
  constructor(box) {
    this.box = box;
    this.list = box.querySelector("ol");
    this.clear();
  }

  clear() {
    this.turns = new Map();
    this.list.replaceChildren();
  }

  add(event) {
    atEnd(this.box, () => {
      if (event.turn) this.addTurn(event);
      else if (event.kind === "heard.ended" && event.source === "bot") this.breakOff();
      else if (event.sentence && WORTH_A_NOTE.has(event.sentence.weight)) this.addNote(event);
    });
  }

  // A bot that stopped before its words were known was interrupted.
  breakOff() {
    for (const turn of this.turns.values()) {
      if (turn.text !== null || turn.silent) continue;
      turn.silent = true;
      this.draw(turn);
    }
  }

  // The bot's words are known once it has spoken them.
  addWords({ seq, text }) {
    const turn = this.turns.get(seq);
    if (!turn) return;
    atEnd(this.box, () => {
      turn.text = turn.text ? `${turn.text} ${text}` : text;
      this.draw(turn);
    });
  }

  addFinding(finding) {
    atEnd(this.box, () => {
      for (const mark of finding.marks) {
        const turn = this.turns.get(mark.seq);
        if (!turn) continue;
        turn.marks.push({ ...mark, finding });
        this.draw(turn);
      }
      if (finding.decision === "retract") {
        this.list.append(make("li", { class: "note milestone" }, "the request is taken back"));
      }
    });
  }

  addTurn({ seq, at, turn }) {
    const words = make("p", { class: "text", dir: "auto" });
    const item = make(
      "li",
      { class: `turn ${turn.who}` },
      make("p", { class: "who" }, make("b", {}, turn.name), ` ${seconds(at)} s`),
      words,
    );
    const drawn = { seq, item, words, text: turn.text, silent: false, marks: [] };
    this.turns.set(seq, drawn);
    this.draw(drawn);
    this.list.append(item);
  }

  addNote({ sentence }) {
    const who = sentence.who === "app" ? "escalate" : sentence.who;
    this.list.append(
      make("li", { class: `note ${sentence.weight}` }, make("bdi", {}, `${who}: ${sentence.text}`)),
    );
  }

  draw(turn) {
    const { item, words, text } = turn;
    item.querySelectorAll(".why").forEach((old) => old.remove());
    if (text === null) {
      const state = turn.silent ? make("i", { class: "quiet" }, "broke off") : "speaks …";
      words.replaceChildren(state);
      return;
    }
    // A text that scrolls has to be reachable by key.
    if (text.length > 600) words.tabIndex = 0;
    const marks = [...turn.marks].sort((one, other) => one.begin - other.begin);
    const parts = [];
    // Places count characters as the detector does: a surrogate pair is one of them.
    const letters = Array.from(text);
    let done = 0;
    for (const { begin, end, finding } of marks) {
      if (begin < done) continue;
      const id = `why-${turn.seq}-${begin}`;
      const asked = letters.slice(begin, end).join("");
      const lit = make("mark", { class: "lit", tabindex: "0", "aria-describedby": id }, asked);
      lit.addEventListener("keydown", (event) => item.classList.toggle("told", event.key === "Escape"));
      lit.addEventListener("blur", () => item.classList.remove("told"));
      parts.push(letters.slice(done, begin).join(""), lit);
      item.append(why(id, finding));
      done = end;
    }
    words.replaceChildren(...parts, letters.slice(done).join(""));
  }
}

function why(id, finding) {
  const rows = [
    ["trigger", finding.trigger],
    ["rule", finding.rule],
    ["score", finding.score.toFixed(2)],
    ["language", finding.language],
    ["heard so far", finding.armed_after && `armed after “${finding.armed_after}”`],
  ];
  const list = make("dl");
  for (const [name, value] of rows) {
    if (value) list.append(make("dt", {}, name), make("dd", {}, make("bdi", {}, value)));
  }
  return make("div", { class: "why", role: "tooltip", id }, list);
}
