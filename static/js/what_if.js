// The forms of a what-if: a member that is chosen shows the flags its row has.
function tick(select) {
  const flags = new Set(select.selectedOptions[0].dataset.ticked.split(" "));
  for (const box of boxesOf(select)) box.checked = flags.has(box.value);
}

function boxesOf({ form, dataset }) {
  return [...form.querySelectorAll(`input[name="${dataset.ticks}"]`)];
}

document.addEventListener("change", ({ target }) => {
  if (target.matches("select[data-ticks]")) tick(target);
});
// A member may have been chosen before this script ran.
for (const select of document.querySelectorAll("select[data-ticks]")) {
  if (boxesOf(select).every((box) => box.checked === box.defaultChecked)) tick(select);
}
