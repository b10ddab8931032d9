// The forms of a what-if: a member that is chosen shows the flags its row has.
document.addEventListener("change", ({ target }) => {
  if (!target.matches("select[data-ticks]")) return;
  const ticked = new Set(target.selectedOptions[0].dataset.ticked.split(" "));
  for (const box of target.form.querySelectorAll(`input[name="${target.dataset.ticks}"]`)) {
    box.checked = ticked.has(box.value);
  }
});
