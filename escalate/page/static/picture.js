// The call at one moment: who is on it, in which state, and who hears whom.

import { make } from "./dom.js";

const SVG = "http://www.w3.org/2000/svg";

export class Picture {
  constructor(box) {
    this.box = box;
    this.last = null;
    new ResizeObserver(() => this.last && this.drawLines(this.last)).observe(box);
  }

  draw(picture) {
    const plivo = picture.hearings.some((one) => one.speaker === "plivo");
    const caller = picture.people.filter((one) => one.who === "caller").map(card);
    const others = picture.people.filter((one) => one.who !== "caller").map(card);
    if (plivo) {
      caller.push(card({ id: "plivo", who: "plivo", name: "Plivo", state: "plays or speaks", here: true }));
    }
    this.svg = document.createElementNS(SVG, "svg");
    this.svg.setAttribute("aria-hidden", "true");
    this.box.replaceChildren(
      make("div", { class: "side" }, ...caller),
      make("div", { class: "side" }, ...others),
      this.svg,
      make("p", { class: "hidden-label" }, inWords(picture)),
    );
    this.last = picture;
    this.drawLines(picture);
  }

  drawLines({ hearings }) {
    this.svg.replaceChildren();
    const frame = this.box.getBoundingClientRect();
    const place = (id) => {
      const card = this.box.querySelector(`[data-id="${CSS.escape(id)}"]`);
      return card && card.getBoundingClientRect();
    };
    for (const { speaker, listener, sounds } of hearings) {
      const [from, to] = [place(speaker), place(listener)];
      if (from && to) this.svg.append(...arrow(from, to, frame, sounds));
    }
  }
}

function card({ id, who, name, state, here, trouble }) {
  const classes = `person ${who.toLowerCase()}${here ? " here" : ""}${trouble ? " trouble" : ""}`;
  return make(
    "div",
    { class: classes, "data-id": id },
    make("b", { dir: "auto" }, name),
    make("span", {}, state),
  );
}

function inWords({ people, hearings }) {
  const names = Object.fromEntries(people.map((one) => [one.id, one.name]));
  names.plivo = "Plivo";
  const states = people.map((one) => `${one.name} ${one.state}`);
  const heard = hearings.map((one) => `${names[one.listener]} hears ${names[one.speaker]}`);
  return [...states, ...heard].map((said) => `${said}.`).join(" ");
}

// Two parties who hear each other have a line each, side by side.
function arrow(from, to, frame, sounds) {
  const beside = Math.abs(from.left - to.left) > 10;
  const right = from.left < to.left;
  const shift = beside ? (right ? -6 : 6) : 0;
  const middle = (box) => box.top - frame.top + box.height / 2 + shift;
  const start = beside
    ? [(right ? from.right : from.left) - frame.left, middle(from)]
    : [from.left - frame.left + from.width / 2, from.top - frame.top];
  const end = beside
    ? [(right ? to.left : to.right) - frame.left, middle(to)]
    : [to.left - frame.left + to.width / 2, to.bottom - frame.top];
  const bend = (end[0] - start[0]) / 2;
  const inset = beside ? (right ? -9 : 9) : 0;
  const line = shape("path", {
    class: `hearing${sounds ? " sounds" : ""}`,
    d: `M${start} C${start[0] + bend},${start[1]} ${end[0] - bend},${end[1]} ${end[0] + inset},${end[1]}`,
  });
  const [x, y] = end;
  const back = beside ? [x + (right ? -10 : 10), y] : [x, y + 10];
  const tip = beside
    ? `${x},${y} ${back[0]},${y - 5} ${back[0]},${y + 5}`
    : `${x},${y} ${x - 5},${back[1]} ${x + 5},${back[1]}`;
  return [line, shape("polygon", { class: `tip${sounds ? " sounds" : ""}`, points: tip })];
}

function shape(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}
