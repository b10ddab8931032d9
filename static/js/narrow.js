// <input data-narrow="ID OF A TBODY">: shows only the rows with every word in their text.
for (const input of document.querySelectorAll("input[data-narrow]")) {
  const rows = [...document.getElementById(input.dataset.narrow).rows];
  const texts = rows.map((row) => row.textContent.toLowerCase());
  const output = input.parentElement.querySelector("output");
  const narrow = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    rows.forEach((row, at) => { row.hidden = !words.every((word) => texts[at].includes(word)); });
    output.textContent = words.length ? `${rows.filter((row) => !row.hidden).length} of ${rows.length}` : "";
  };
  input.parentElement.hidden = false;
  input.addEventListener("input", narrow);
  narrow(); // a page that is loaded again keeps what was typed
}
