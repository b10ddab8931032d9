// An ARIA combobox: an input with a list of names that narrows while one types.
const SHOWN = 60;

export function make(tag, set, ...inside) {
  const element = Object.assign(document.createElement(tag), set);
  element.append(...inside);
  return element;
}

const wordsOf = (typed) => typed.toLowerCase().split(/[\s*]+/).filter(Boolean);

// Names with every word in them: those that begin a part of it, then of sched_ext, then shorter ones.
export function findNames(names, typed, most = SHOWN, textOf = (name) => name) {
  const words = wordsOf(typed);
  const found = [];
  for (const name of names) {
    const low = textOf(name).toLowerCase();
    const places = words.map((word) => low.indexOf(word));
    if (places.includes(-1)) continue;
    const inside = places.some((place) => place > 0 && /[a-z0-9]/.test(low[place - 1]));
    const unlikely = 2 * inside + !name.includes("sched_ext_ops.");
    found.push([1000 * unlikely + name.length, name]);
  }
  found.sort((a, b) => a[0] - b[0] || (a[1] < b[1] ? -1 : 1));
  return found.slice(0, most).map((item) => item[1]);
}

const fetched = new Map();

// Gives null for what failed: no network, or the page is being left. It is fetched anew the next time.
export function fetchOnce(address) {
  if (!fetched.has(address)) fetched.set(address, fetchJson(address));
  return fetched.get(address);
}

async function fetchJson(address) {
  try {
    const answer = await fetch(address);
    if (answer.ok) return await answer.json();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
  fetched.delete(address);
  return null;
}

// Lets forms and scripts know of what was chosen for the reader.
export function tell(field) {
  for (const told of ["input", "change"]) field.dispatchEvent(new Event(told, { bubbles: true }));
}

function markWord(name, [word = ""]) {
  const at = name.toLowerCase().indexOf(word), end = at + word.length;
  if (at < 0 || !word) return [name];
  return [name.slice(0, at), make("mark", {}, name.slice(at, end)), name.slice(end)];
}

export class Combo {
  // `load` gives names, or [name, note] pairs; `take` is told which was chosen; `find` gives those of a Map that fit.
  constructor(input, { load, take, find = (all, typed) => findNames(all.keys(), typed) }) {
    this.input = input;
    this.load = load;
    this.onTake = take;
    this.find = find;
    this.chosen = -1;
    const id = `${input.id}-list`;
    this.list = make("ul", { className: "combo-list", id, role: "listbox", hidden: true, ariaLabel: "Suggestions" });
    input.after(this.list);
    Object.assign(input, { role: "combobox", ariaAutoComplete: "list", ariaExpanded: "false" });
    input.setAttribute("aria-controls", id);
    input.addEventListener("input", (event) => event.isTrusted && this.open());
    input.addEventListener("keydown", (event) => this.onKey(event));
    input.addEventListener("blur", () => this.close());
    this.list.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      const item = event.target.closest("li");
      if (item) this.take(item.dataset.name);
    });
    input.addEventListener("focus", () => this.load());
    if (document.activeElement !== input) return;
    if (input.value === input.defaultValue) this.load();
    else this.open(); // it was typed before this script ran
  }

  async open(typed = this.input.value.trim()) {
    const value = this.input.value;
    const all = new Map((await this.load()).map((item) => (Array.isArray(item) ? item : [item, ""])));
    const names = this.find(all, typed);
    if (value !== this.input.value || document.activeElement !== this.input) return;
    this.list.replaceChildren(...names.map((name, at) => {
      const item = make("li", { role: "option", id: `${this.list.id}-${at}`, ariaSelected: "false" });
      item.dataset.name = name;
      item.append(...markWord(name, wordsOf(typed)));
      if (all.get(name)) item.append(make("small", { className: "dim" }, ` ${all.get(name)}`));
      return item;
    }));
    this.show(names.length > 0 && !(names.length === 1 && names[0] === typed));
    this.choose(-1);
  }

  show(visible) {
    this.list.hidden = !visible;
    this.input.ariaExpanded = String(visible);
  }

  close() {
    this.show(false);
    this.choose(-1);
  }

  choose(at) {
    const { children } = this.list;
    this.chosen = at;
    for (const item of children) item.ariaSelected = String(item === children[at]);
    children[at]?.scrollIntoView({ block: "nearest" });
    if (children[at]) this.input.setAttribute("aria-activedescendant", children[at].id);
    else this.input.removeAttribute("aria-activedescendant");
  }

  take(name) {
    this.input.value = name;
    this.close();
    this.onTake(name);
  }

  takeChosen() {
    this.take(this.list.children[this.chosen].dataset.name);
  }

  onKey(event) {
    const count = this.list.children.length;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (this.list.hidden) return void this.open();
      const step = event.key === "ArrowDown" ? 1 : -1;
      this.choose((this.chosen + step + count + (this.chosen < 0 && step < 0 ? 1 : 0)) % count);
    } else if (event.key === "Enter" && !this.list.hidden && this.chosen >= 0) {
      event.preventDefault();
      this.takeChosen();
    } else if (event.key === "Escape" && !this.list.hidden) {
      event.preventDefault();
      this.close();
    } else if (event.key === "Tab") {
      if (this.chosen >= 0) this.takeChosen();
      this.close();
    }
  }
}
