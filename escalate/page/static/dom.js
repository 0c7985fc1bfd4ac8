// Elements without mark-up: whatever is handed in becomes text, never HTML.

export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) {
      element.setAttribute(name, value === true ? "" : value);
    }
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

export const find = (id) => document.getElementById(id);

// Follow the newest entry, unless the reader has scrolled away from the end.
export function atEnd(box, change) {
  const follows = box.scrollHeight - box.scrollTop - box.clientHeight < 60;
  change();
  if (follows) box.scrollTop = box.scrollHeight;
}

export const seconds = (at) => at.toFixed(2);
