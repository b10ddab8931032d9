// An ARIA combobox: an input with a list of names that narrows while one types.
const SHOWN = 60;

// Names with every word in them: those that begin a part of it, then of sched_ext, then shorter ones.
export function findNames(names, typed, most = SHOWN, textOf = (name) => name) {
  const words = typed.toLowerCase().split(/[\s*]+/).filter(Boolean);
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

// Gives null for what failed: no network, or the page is being left.
export async function fetchJson(address) {
  try {
    const answer = await fetch(address);
    if (answer.ok) return await answer.json();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
  return null;
}

function markWords(item, name, typed) {
  const word = typed.toLowerCase().split(/[\s*]+/).find(Boolean) ?? "";
  const at = word ? name.toLowerCase().indexOf(word) : -1;
  if (at < 0) return item.append(name);
  const mark = document.createElement("mark");
  mark.textContent = name.slice(at, at + word.length);
  return item.append(name.slice(0, at), mark, name.slice(at + word.length));
}

function noteOf(text) {
  const note = document.createElement("small");
  note.className = "dim";
  note.textContent = ` ${text}`;
  return note;
}

// What a script has put into a field counts as typed.
export function tell(field) {
  for (const told of ["input", "change"]) field.dispatchEvent(new Event(told, { bubbles: true }));
}

export class Combo {
  // `load` gives names, or [name, note] pairs; `take` is told which was chosen; `find` gives those of a Map that fit.
  constructor(input, { load, take, find = (all, typed) => findNames(all.keys(), typed) }) {
    this.input = input;
    this.load = load;
    this.onTake = take;
    this.find = find;
    this.chosen = -1;
    this.list = document.createElement("ul");
    const list = { className: "combo-list", id: `${input.id}-list`, role: "listbox", ariaLabel: "Suggestions" };
    Object.assign(this.list, list, { hidden: true });
    input.after(this.list);
    Object.assign(input, { role: "combobox", ariaAutoComplete: "list", ariaExpanded: "false" });
    input.setAttribute("aria-controls", this.list.id);
    input.addEventListener("input", (event) => event.isTrusted && this.open());
    input.addEventListener("keydown", (event) => this.onKey(event));
    input.addEventListener("blur", () => this.close());
    this.list.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      const item = event.target.closest("li");
      if (item) this.take(item.dataset.name);
    });
    input.addEventListener("focus", () => this.load());
    if (document.activeElement === input && input.value) this.open(); // typed before this script ran
  }

  async open(typed = this.input.value.trim()) {
    const value = this.input.value;
    const all = new Map((await this.load()).map((item) => (Array.isArray(item) ? item : [item, ""])));
    const names = this.find(all, typed);
    if (value !== this.input.value || document.activeElement !== this.input) return;
    this.list.replaceChildren(...names.map((name, at) => {
      const item = document.createElement("li");
      item.role = "option";
      item.id = `${this.list.id}-${at}`;
      item.setAttribute("aria-selected", "false");
      item.dataset.name = name;
      markWords(item, name, typed);
      if (all.get(name)) item.append(noteOf(all.get(name)));
      return item;
    }));
    this.show(names.length > 0 && !(names.length === 1 && names[0] === typed));
    this.choose(-1);
  }

  show(visible) {
    this.list.hidden = !visible;
    this.input.setAttribute("aria-expanded", String(visible));
  }

  close() {
    this.show(false);
    this.choose(-1);
  }

  choose(at) {
    this.list.children[this.chosen]?.setAttribute("aria-selected", "false");
    this.chosen = at;
    const item = this.list.children[at];
    item?.setAttribute("aria-selected", "true");
    item?.scrollIntoView({ block: "nearest" });
    if (item) this.input.setAttribute("aria-activedescendant", item.id);
    else this.input.removeAttribute("aria-activedescendant");
  }

  take(name) {
    this.input.value = name;
    this.close();
    this.onTake(name);
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
      this.take(this.list.children[this.chosen].dataset.name);
    } else if (event.key === "Escape" && !this.list.hidden) {
      event.preventDefault();
      this.close();
    } else if (event.key === "Tab") {
      if (this.chosen >= 0) this.take(this.list.children[this.chosen].dataset.name);
      this.close();
    }
  }
}
