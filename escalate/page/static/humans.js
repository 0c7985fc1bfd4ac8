// The humans' telephones: how each behaves when it is called, and what somebody does at it then.

import { make } from "./dom.js";

const ACTS = [
  { label: "Pick up", order: { do: "pick_up" }, when: "rings" },
  { label: "Decline", order: { do: "put_down" }, when: "rings" },
  { label: "Press 1", order: { do: "press", digits: "1" }, when: "talks" },
  { label: "Press 2", order: { do: "press", digits: "2" }, when: "talks" },
  { label: "Hang up", order: { do: "put_down" }, when: "talks" },
];

export class Humans {
  // `order` tells the server.
  constructor(box, order) {
    this.box = box;
    this.order = order;
    this.rows = new Map();
  }

  show(phones) {
    for (const { destination, behaviours, behaviour } of phones) {
      const row = this.rows.get(destination) ?? this.add(destination);
      const known = behaviours.includes(behaviour) ? behaviours : [behaviour, ...behaviours];
      row.select.replaceChildren(...known.map((one) => make("option", { value: one }, one)));
      row.select.value = behaviour;
    }
    this.update({ people: [] });
  }

  // What can be done depends on what the telephone does.
  update({ people }) {
    for (const [destination, { acts }] of this.rows) {
      const human = people.filter((one) => one.who === "human" && one.name === destination).at(-1);
      const state = human?.here ? "talks" : human?.state === "rings" ? "rings" : "quiet";
      for (const { button, when } of acts) button.disabled = when !== state;
    }
  }

  add(destination) {
    const tell = () => this.order("phone", { destination, behaviour: select.value });
    const select = make("select", { onchange: tell, "aria-label": `${destination}, when called` });
    const acts = ACTS.map(({ label, order, when }) => ({
      when,
      button: make(
        "button",
        {
          type: "button",
          "aria-label": `${destination}: ${label}`,
          onclick: () => this.order("hand", { destination, ...order }),
        },
        label,
      ),
    }));
    const row = make(
      "div",
      { class: "human-row" },
      make("b", { dir: "auto" }, destination),
      select,
      make("div", { class: "acts" }, ...acts.map((one) => one.button)),
    );
    this.rows.set(destination, { select, acts });
    this.box.append(row);
    return this.rows.get(destination);
  }
}
