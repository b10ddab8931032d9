// Moves the nodes that are left of a drawn graph together: columns stay columns, and keep their order.
const MARGIN = 20, GAP = 14, COLUMN_GAP = 90;

function boxOf(node) {
  const rect = node.querySelector("rect");
  const at = (name) => Number(rect.getAttribute(name));
  return { x: at("x"), y: at("y"), width: at("width"), height: at("height") };
}

// As kfmap/graphs/svg.py draws it: a curve from the right side of a box to the left of the next.
function drawEdge(a, b) {
  const [y1, y2] = [a.y + a.height / 2, b.y + b.height / 2];
  const forward = b.x > a.x;
  const [x1, x2] = [a.x + a.width, forward ? b.x : b.x + b.width];
  const bend = Math.max(Math.abs(x2 - x1) / 2, 30);
  const away = forward ? x2 - bend : x2 + bend;
  return `M${x1} ${y1}C${x1 + bend} ${y1} ${away} ${y2} ${x2} ${y2}`;
}

// Gives the size of the picture that is left.
export function pack(svg, nodes, edges, left) {
  const columns = new Map();
  for (const name of left) {
    const box = boxOf(nodes.get(name));
    if (!columns.has(box.x)) columns.set(box.x, []);
    columns.get(box.x).push([name, box]);
  }
  const places = new Map();
  const heights = [...columns.values()].map((boxes) => boxes.reduce((sum, [, box]) => sum + box.height + GAP, -GAP));
  const tallest = Math.max(...heights);
  let x = MARGIN;
  for (const [, boxes] of [...columns].sort((a, b) => a[0] - b[0])) {
    boxes.sort((a, b) => a[1].y - b[1].y);
    const total = boxes.reduce((sum, [, box]) => sum + box.height + GAP, -GAP);
    let y = MARGIN + (tallest - total) / 2;
    for (const [name, box] of boxes) {
      places.set(name, { ...box, x, y });
      nodes.get(name).setAttribute("transform", `translate(${x - box.x} ${y - box.y})`);
      y += box.height + GAP;
    }
    x += Math.max(...boxes.map(([, box]) => box.width)) + COLUMN_GAP;
  }
  for (const edge of edges) {
    edge.dataset.drawn ??= edge.getAttribute("d");
    const [from, to] = [places.get(edge.dataset.from), places.get(edge.dataset.to)];
    if (from && to) edge.setAttribute("d", drawEdge(from, to));
  }
  svg.classList.add("kf-packed");
  return { width: x - COLUMN_GAP + MARGIN, height: tallest + 2 * MARGIN };
}

export function unpack(svg, nodes, edges) {
  for (const node of nodes.values()) node.removeAttribute("transform");
  for (const edge of edges) if (edge.dataset.drawn) edge.setAttribute("d", edge.dataset.drawn);
  svg.classList.remove("kf-packed");
}
