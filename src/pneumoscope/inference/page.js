// Sorts the table by the column whose heading is pressed; pressed again, the other way round.
// Rows without a value stay last.
const body = document.querySelector("tbody");
const headings = document.querySelectorAll("th[data-order]");
const words = new Intl.Collator("en", {numeric: true});
for (const heading of headings) {
  const button = document.createElement("button");
  button.append(...heading.childNodes);
  heading.append(button);
  button.addEventListener("click", () => {
    const other = {ascending: "descending", descending: "ascending"};
    const order = other[heading.getAttribute("aria-sort")] ?? heading.dataset.order;
    for (const each of headings) each.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", order);
    const sign = order === "ascending" ? 1 : -1;
    const value = row => row.cells[heading.cellIndex].dataset.value;
    body.append(...[...body.rows].sort((one, next) => {
      const [a, b] = [value(one), value(next)];
      return (a === "") - (b === "") || sign * words.compare(a, b);
    }));
  });
}
// Escape closes an enlarged picture.
document.addEventListener("keydown", event => {
  if (event.key !== "Escape") return;
  for (const picture of document.querySelectorAll("details[open]")) picture.open = false;
});
