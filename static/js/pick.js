// Search in a <select data-pick> of many: what is found is chosen in it, for forms and scripts know the select.
import { Combo, findNames, make, tell } from "./combo.js";

const FEW = 12;

function findOptions(all, typed) {
  const textOf = (name) => `${name} ${all.get(name)}`;
  return typed ? findNames(all.keys(), typed, Infinity, textOf) : [...all.keys()];
}

function makeField(select) {
  const input = make("input", { id: `${select.id}-search`, autocomplete: "off", spellcheck: false });
  for (const label of select.labels) label.htmlFor = input.id;
  const count = make("span", { className: "visually-hidden", role: "status" });
  select.before(make("div", { className: "combo pick" }, input, count));
  if (document.activeElement === select) input.focus();
  select.hidden = true;
  return { input, count };
}

class Pick extends Combo {
  constructor(select) {
    const { input, count } = makeField(select);
    const entries = [...select.options].map((option) => [option.text, option.parentElement.label ?? ""]);
    super(input, { load: async () => entries, take: (name) => this.pick(name), find: findOptions });
    Object.assign(this, { select, count });
    this.restore();
    if (document.activeElement === input) input.select(); // it was in the select when this script ran
    // Only a choice is told to the form.
    for (const told of ["input", "change"]) input.addEventListener(told, (event) => event.stopPropagation());
    input.addEventListener("focus", () => input.select());
    input.addEventListener("click", () => {
      input.select();
      if (this.list.hidden) this.open("");
    });
    input.addEventListener("blur", () => this.pick(input.value.trim()));
  }

  restore() {
    this.input.value = this.select.selectedOptions[0].text;
    this.count.textContent = "";
  }

  pick(name) {
    const option = [...this.select.options].find((item) => item.text.toLowerCase() === name.toLowerCase());
    if (option && !option.selected) {
      option.selected = true;
      tell(this.select);
    }
    this.restore();
  }

  // "" shows all, with what is chosen marked: the text in the field is that choice, not a query.
  async open(typed) {
    await super.open(typed);
    if (this.input !== document.activeElement) return;
    const names = [...this.list.children].map((item) => item.dataset.name);
    this.show(names.length > 0);
    this.count.textContent = names.length ? `${names.length} found` : "Nothing is called that.";
    this.choose(typed === "" ? names.indexOf(this.select.selectedOptions[0].text) : Math.min(0, names.length - 1));
  }

  onKey(event) {
    const wasHidden = this.list.hidden;
    if (wasHidden && /^Arrow(Down|Up)$/.test(event.key)) {
      event.preventDefault();
      return void this.open("");
    }
    if (wasHidden && event.key === "Enter") this.pick(this.input.value.trim());
    super.onKey(event);
    if (!wasHidden && event.key === "Escape") this.restore();
    if (event.key === "Enter" && !this.input.form?.querySelector("button")) event.preventDefault();
  }
}

export function pickFrom(select) {
  if (select.options.length > FEW) new Pick(select);
}
