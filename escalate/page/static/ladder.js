// The ladder: who told whom what, each with the exchange behind it.

import { atEnd, make, seconds } from "./dom.js";

const LANES = ["caller", "Plivo", "app", "bot", "human"];
const NAMES = { caller: "Caller", Plivo: "Plivo", app: "escalate", bot: "Bot", human: "Human" };

export class Ladder {
  // `show` is called with the number of the event whose moment the reader wants to see.
  constructor(box, show) {
    this.box = box;
    this.show = show;
    this.clear();
  }

  clear() {
    const names = LANES.map((lane) => make("span", { class: `from-${lane.toLowerCase()}` }, NAMES[lane]));
    this.list = make("ol");
    this.box.replaceChildren(
      make(
        "div",
        { class: "lanes", "aria-hidden": "true" },
        make("span", { class: "quiet" }, "s"),
        make("div", { class: "names" }, ...names),
        make("span"),
      ),
      this.list,
    );
  }

  add(event) {
    atEnd(this.box, () => {
      for (const rung of event.rungs) this.list.append(this.rung(event, rung));
    });
  }

  rung({ seq, at }, { sender, receiver, label, weight, detail }) {
    const time = make(
      "button",
      { class: "at", type: "button", "aria-label": `Show the call at ${seconds(at)} s`, onclick: () => this.show(seq) },
      seconds(at),
    );
    const said = make(
      "span",
      { class: "label" },
      make("span", { class: "hidden-label" }, `${NAMES[sender]} to ${NAMES[receiver]}: `),
      make("bdi", {}, label),
    );
    const item = make("li", { class: `rung ${weight} from-${sender.toLowerCase()}` });
    if (detail === null) {
      item.append(make("div", { class: "line" }, time, arrow(sender, receiver), said));
      return item;
    }
    // A button inside of a summary would be one control in another.
    const summary = make("summary", {}, make("span"), arrow(sender, receiver), said);
    const box = make("details", {}, summary, make("pre", { dir: "ltr", tabindex: "0" }, detail));
    time.classList.add("over");
    item.append(time, box);
    return item;
  }
}

function arrow(sender, receiver) {
  const [from, to] = [LANES.indexOf(sender), LANES.indexOf(receiver)];
  const both = sender === "caller" && receiver === "human";
  const line = make("i", { class: both ? "both" : from < to ? "right" : "left" });
  line.style.gridColumn = `${Math.min(from, to) + 1} / ${Math.max(from, to) + 2}`;
  return make("span", { class: "arrow", "aria-hidden": "true" }, line);
}
