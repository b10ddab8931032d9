// Search in a <select data-pick> of many: it is hidden, and what is found is chosen in it, so that forms and scripts
// keep what they know. Few choices, and pages without scripts, have the browser's own list.
import { Combo } from "./combo.js";

const FEW = 12;

// [where the words stand: 0 is the name, 1 its beginning, 2 the beginning of a part, 3 anywhere, in the group too]
function rankOf(name, group, words) {
  const low = name.toLowerCase();
  const all = `${low} ${group.toLowerCase()}`;
  if (!words.every((word) => all.includes(word))) return null;
  const typed = words.join(" ");
  if (low === typed) return 0;
  if (low.startsWith(typed)) return 1;
  return words.every((word) => low.split(/[^a-z0-9.]+/).some((part) => part.startsWith(word))) ? 2 : 3;
}

// Names that fit, the best first, else in the order of the list, which is from new to old.
export function findOptions(all, typed) {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  const ranked = [...all].map(([name, group]) => [rankOf(name, group, words), name]).filter(([rank]) => rank !== null);
  return ranked.sort((a, b) => a[0] - b[0]).map(([, name]) => name);
}

function entriesOf(select) {
  return [...select.options].map((option) => [option.text, option.parentElement.label ?? ""]);
}

function makeField(select) {
  const label = select.labels[0];
  const input = document.createElement("input");
  input.id = `${select.id}-search`;
  Object.assign(input, { type: "text", autocomplete: "off", spellcheck: false, autocapitalize: "none" });
  if (label) label.htmlFor = input.id;
  else input.setAttribute("aria-label", select.getAttribute("aria-label"));
  const place = document.createElement("div");
  place.className = "combo pick";
  const count = document.createElement("span");
  count.className = "visually-hidden";
  count.role = "status";
  place.append(input, count);
  select.before(place);
  select.hidden = true;
  return { input, count };
}

class Pick extends Combo {
  constructor(select) {
    const { input, count } = makeField(select);
    super(input, { load: async () => entriesOf(select), take: (name) => this.pick(name), find: findOptions });
    Object.assign(this, { select, count });
    this.restore();
    // What is typed is no answer yet: only a choice is told to the form.
    for (const told of ["input", "change"]) input.addEventListener(told, (event) => event.stopPropagation());
    input.addEventListener("focus", () => input.select());
    input.addEventListener("click", () => {
      if (!this.list.hidden) return;
      input.select();
      this.openAll();
    });
    input.addEventListener("blur", () => this.takeExact());
    select.addEventListener("change", () => this.restore());
    window.addEventListener("pageshow", () => this.restore());
    select.form?.addEventListener("reset", () => setTimeout(() => this.restore()));
  }

  get chosenName() {
    return this.select.selectedOptions[0]?.text ?? "";
  }

  restore() {
    this.input.value = this.chosenName;
    this.count.textContent = "";
  }

  pick(name) {
    const option = [...this.select.options].find((item) => item.text === name);
    if (option && !option.selected) {
      option.selected = true;
      for (const told of ["input", "change"]) this.select.dispatchEvent(new Event(told, { bubbles: true }));
    }
    this.restore();
  }

  // The whole list, with what is chosen marked: the text in the field is that choice, not a query.
  openAll() {
    return this.open("");
  }

  async open(typed) {
    await super.open(typed);
    const names = [...this.list.children].map((item) => item.dataset.name);
    if (this.input !== document.activeElement) return;
    this.count.textContent = names.length ? `${names.length} found` : "Nothing is called that.";
    this.choose(typed === "" ? names.indexOf(this.chosenName) : Math.min(0, names.length - 1));
  }

  takeExact() {
    const typed = this.input.value.trim().toLowerCase();
    const names = [...this.select.options].map((option) => option.text);
    this.pick(names.find((name) => name.toLowerCase() === typed) ?? this.chosenName);
  }

  onKey(event) {
    const isArrow = event.key === "ArrowDown" || event.key === "ArrowUp";
    if (isArrow && this.list.hidden) {
      event.preventDefault();
      return void this.openAll();
    }
    const had = !this.list.hidden;
    if (event.key === "Enter" && !had) this.takeExact();
    super.onKey(event);
    if (event.key === "Escape" && had) this.restore();
    // A lone field would send its form, which asks for nothing.
    if (event.key === "Enter" && !this.input.form?.querySelector("button")) event.preventDefault();
  }
}

export function pickFrom(select) {
  if (select.options.length > FEW) new Pick(select);
}
