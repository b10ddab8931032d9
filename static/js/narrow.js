// <input data-narrow="ID OF A TBODY">: shows only the rows with every word in their text.
for (const input of document.querySelectorAll("input[data-narrow]")) {
  const rows = [...document.getElementById(input.dataset.narrow).rows];
  const texts = rows.map((row) => row.textContent.toLowerCase());
  const output = input.parentElement.querySelector("output");
  input.parentElement.hidden = false;
  input.addEventListener("input", () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    rows.forEach((row, at) => {
      row.hidden = !words.every((word) => texts[at].includes(word));
      shown += row.hidden ? 0 : 1;
    });
    output.textContent = words.length ? `${shown} of ${rows.length}` : "";
  });
}
