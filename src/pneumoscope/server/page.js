// The page of the service. Files stay where they are: of each the page keeps a reference, a small
// picture and the words of its result; the bytes are read when they are sent, and not kept. All
// text of files and of the service enters the document as text, never as markup.

const AT_ONCE = 3; // requests in flight
const BUSY_FOR = 60; // times that an answer "busy" is waited for
const WHITEST = 65535;
const COLOURS = 6; // classes that the style sheet has colours for
const JUNK = new Set(["thumbs.db", "desktop.ini", "__macosx"]);
const STOPPED = "The service does not answer: it may have been stopped. Start it again, then try again.";
const GONE = "The file can no longer be read: it was moved or changed. Choose it again.";

const $ = id => document.getElementById(id);
const words = new Intl.Collator("en", {numeric: true});
const number = new Intl.NumberFormat("en");

const items = []; // in the order in which they came
let model = null;
let settings = {}; // that the service is asked with: never what is being typed
let token = "";
let round = 0; // of questions: a change of settings begins another
let running = 0;
let sorted = null; // {key, sign}, where the user has sorted
let chosen = "all"; // rows that are shown

class Problem extends Error {
  constructor(text, kind = "other") {
    super(text);
    this.kind = kind;
  }
}

// --- Elements

function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "text") element.textContent = value;
    else if (name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children.filter(child => child !== null));
  return element;
}

// Escapes what would break a line or turn its direction, as the command line does.
function printable(text) {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, letter => {
    const code = letter.codePointAt(0).toString(16);
    return code.length > 2 ? `\\u${code.padStart(4, "0")}` : `\\x${code.padStart(2, "0")}`;
  });
}

function say(text) {
  $("said").textContent = text;
}

function plural(count, one, many) {
  return `${number.format(count)} ${count === 1 ? one : many}`;
}

function save(name, blob) {
  const url = URL.createObjectURL(blob);
  make("a", {href: url, download: name}).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

// --- Questions to the service

async function ask(path, options = {}, signal = undefined, busy = () => {}) {
  for (let times = 0; ; times++) {
    const shown = token;
    const headers = {...options.headers, ...(shown && {Authorization: `Bearer ${shown}`})};
    let answer;
    try {
      answer = await fetch(path, {...options, headers, signal, cache: "no-store"});
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new Problem(STOPPED, "stopped");
    }
    if (answer.ok) return answer;
    if (answer.status === 401) {
      if (shown === token) await askForToken(shown !== "");
      continue;
    }
    if ((answer.status === 429 || answer.status === 503) && times < BUSY_FOR) {
      const seconds = Math.min(60, Number(answer.headers.get("Retry-After")) || 1);
      busy(seconds);
      await pause(seconds, signal);
      continue;
    }
    throw new Problem(refusal(answer.status, await said(answer)));
  }
}

// The name of a file may be that of a patient, and logs keep addresses: it goes in a header.
function post(path, name, query, body, signal, busy) {
  const plain = encodeURIComponent(name.replace(/\p{Surrogate}/gu, "\ufffd"));
  const headers = {"Content-Type": "application/octet-stream", "Pneumoscope-Name": plain};
  return ask(`${path}?${new URLSearchParams(query)}`, {method: "POST", body, headers}, signal, busy);
}

function pause(seconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, 1000 * seconds);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    }, {once: true});
  });
}

async function said(answer) {
  try {
    return String((await answer.json()).error ?? "");
  } catch {
    return "";
  }
}

function refusal(status, text) {
  const known = {
    403: "The service refuses this page. Open it at the address that the service has printed.",
    408: "The file took too long to arrive. Try again.",
    413: "The file is larger than the service takes.",
    429: "The service takes no more requests of this machine for now. Try again later.",
    503: "The service is busy. Try again later.",
  };
  return [known[status] ?? "The service could not answer.", text].filter(Boolean).join(" ");
}

let tokenAsked = null;

function askForToken(wrong) {
  tokenAsked ??= new Promise(resolve => {
    if (wrong) $("token-text").textContent = "That was not the right one. Whoever runs the service knows it.";
    $("token-form").addEventListener("submit", event => {
      event.preventDefault();
      token = $("token-value").value.trim();
      $("token-value").value = "";
      $("token").close();
      tokenAsked = null;
      resolve();
    }, {once: true});
    open($("token"), $("token-value"));
  });
  return tokenAsked;
}

$("token").addEventListener("cancel", event => event.preventDefault());

// --- The model

async function start() {
  $("trouble").hidden = true;
  try {
    model = await (await ask("page/model")).json();
  } catch (error) {
    $("trouble-text").textContent = error.message;
    $("trouble").hidden = false;
    return;
  }
  $("notice").textContent = model.notice;
  $("open-card").textContent = model.model;
  $("open-card").hidden = $("open-drift").hidden = false;
  $("positive-head").textContent = `Probability of ${printable(model.positive)}`;
  for (const end of ["weakest", "strongest"]) {
    for (const each of document.querySelectorAll(`.${end}`)) each.textContent = model[end];
  }
  for (const each of document.querySelectorAll(".bar-of-colours")) each.src = model.colours;
  for (const point of model.operating_points) {
    const text = `${printable(point.name)}, threshold ${point.threshold.toFixed(3)}`;
    const selected = point.name === model.operating_point;
    $("point").append(make("option", {value: point.name, text, selected}));
  }
  $("prevalence").disabled = model.prevalence === null;
  $("prevalence").value = ""; // a browser may have kept that of another visit
  applySettings();
  pump();
}

function explainSettings() {
  const point = model.operating_points.find(each => each.name === $("point").value);
  $("expected").textContent = [point.expected, model.origin, model.gate].filter(Boolean).join(" ");
  const own = model.prevalence === null
    ? "This model is not calibrated: its probabilities cannot be restated."
    : `Empty: ${(100 * model.prevalence).toFixed(0)} %, for which the model was calibrated. Labels stay as they are.`;
  $("prevalence-note").textContent = own;
}

// Takes over what is chosen, if all of it is valid.
function applySettings() {
  if (!$("prevalence").reportValidity()) return false;
  const given = $("prevalence").valueAsNumber;
  settings = {operating_point: $("point").value};
  // So that 7 % are 0.07, and not its neighbour.
  if (!Number.isNaN(given)) settings.prevalence = Number((given / 100).toPrecision(12));
  explainSettings();
  return true;
}

function changeSettings() {
  if (!model || !applySettings()) return;
  if (!items.length) return;
  round++;
  for (const item of items) {
    item.abort?.abort();
    item.state = "waiting";
    update(item);
  }
  say(`${plural(items.length, "image is", "images are")} predicted again`);
  progress();
  pump();
}

$("point").addEventListener("change", changeSettings);
$("prevalence").addEventListener("change", changeSettings);

// --- Files in

function add(files) {
  if (!files.length) return;
  for (const {file, name} of files) {
    const item = {file, name, state: "waiting", answer: null, problem: "", abort: null, place: items.length};
    items.push(item);
    item.row = makeRow(item);
    update(item);
  }
  $("rows").append(...items.slice(-files.length).map(item => item.row));
  document.body.classList.add("filled");
  $("results").hidden = $("settings").hidden = false;
  say(`${plural(files.length, "file was", "files were")} added`);
  progress();
  pump();
}

function isJunk(path) {
  return path.split("/").some(part => part.startsWith(".") || JUNK.has(part.toLowerCase()));
}

// The order of the command line: in each folder first its files, then those of its folders.
function inOrder(files) {
  return files.filter(({name}) => !isJunk(name)).sort((one, other) => {
    const [a, b] = [one.name.split("/"), other.name.split("/")];
    const at = a.findIndex((part, index) => part !== b[index]);
    if (at < 0) return 0;
    const [isFile, isOtherFile] = [at === a.length - 1, at === b.length - 1];
    return isOtherFile - isFile || (a[at] < b[at] ? -1 : 1);
  });
}

function entryFile(entry) {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}

async function filesOf(entry) {
  if (entry.isFile) return [{file: await entryFile(entry), name: entry.fullPath.replace(/^\//, "")}];
  const reader = entry.createReader();
  const found = [];
  for (;;) { // each call gives some of the entries only
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) break;
    for (const each of some) found.push(...await filesOf(each));
  }
  return found;
}

async function drop(transfer) {
  // Asked for at once: after the event the list is empty.
  const entries = [...transfer.items].map(item => item.webkitGetAsEntry?.()).filter(Boolean);
  const plain = [...transfer.files].map(file => ({file, name: file.name}));
  if (!entries.some(entry => entry.isDirectory)) {
    add(plain);
    return;
  }
  for (const entry of entries) {
    try {
      const found = await filesOf(entry);
      const files = entry.isDirectory ? inOrder(found) : found;
      if (!files.length) say(`There are no files in ${printable(entry.name)}`);
      add(files);
    } catch {
      say(`${printable(entry.name)} cannot be read`);
    }
  }
}

let over = 0; // elements that a drag is over

document.addEventListener("dragenter", event => {
  event.preventDefault();
  over++;
  document.body.classList.add("over");
});
document.addEventListener("dragleave", () => {
  if (--over <= 0) document.body.classList.remove("over");
});
document.addEventListener("dragover", event => {
  event.preventDefault();
  event.dataTransfer.dropEffect = "copy";
});
document.addEventListener("drop", event => {
  event.preventDefault();
  over = 0;
  document.body.classList.remove("over");
  drop(event.dataTransfer);
});

$("choose-files").addEventListener("click", () => $("files").click());
$("choose-folder").addEventListener("click", () => $("folder").click());
$("files").addEventListener("change", () => {
  add([...$("files").files].map(file => ({file, name: file.name})));
  $("files").value = "";
});
$("folder").addEventListener("change", () => {
  const files = [...$("folder").files].map(file => ({file, name: file.webkitRelativePath || file.name}));
  add(inOrder(files));
  $("folder").value = "";
});

// --- Work

function pump() {
  if (!model) return;
  while (running < AT_ONCE) {
    const item = items.find(each => each.state === "waiting");
    if (!item) break;
    running++;
    work(item).finally(() => {
      running--;
      progress();
      pump();
    });
  }
}

async function work(item) {
  const asked = round;
  const abort = item.abort = new AbortController();
  item.state = "working";
  item.problem = "";
  update(item);
  try {
    const busy = seconds => note(item, `The service is busy: asked again in ${seconds} s`);
    const file = sendable(item.file);
    const answer = await (await post("page/images", item.name, settings, file, abort.signal, busy)).json();
    if (asked !== round) return;
    item.answer = answer;
    item.state = "done";
  } catch (error) {
    if (asked !== round || item.state !== "working") return;
    item.state = "failed";
    item.answer = null;
    item.problem = abort.signal.aborted ? "Cancelled." : await reason(item, error);
  }
  update(item);
}

function sendable(file) {
  if (model.most_bytes && file.size > model.most_bytes) {
    throw new Problem(`The file is larger than the service takes: at most ${size(model.most_bytes)}.`);
  }
  return file;
}

function size(bytes) {
  return `${number.format(Math.round(bytes / 2 ** 20))} MB`;
}

async function reason(item, error) {
  if (error.kind !== "stopped") return error instanceof Problem ? error.message : STOPPED;
  try {
    await item.file.slice(0, 1).arrayBuffer();
  } catch {
    return GONE;
  }
  return error.message;
}

$("cancel").addEventListener("click", () => {
  for (const item of items) {
    if (item.state === "waiting") {
      item.state = "failed";
      item.answer = null;
      item.problem = "Cancelled.";
      update(item);
    } else if (item.state === "working") item.abort.abort();
  }
  progress();
  $("summary").focus();
});

function retry(which) {
  for (const item of which) {
    item.state = "waiting";
    item.problem = "";
    update(item);
  }
  progress();
  pump();
}

const failed = () => items.filter(item => item.state === "failed");

$("retry-all").addEventListener("click", () => {
  retry(failed());
  $("summary").focus();
});
$("trouble-retry").addEventListener("click", start);
$("clear").addEventListener("click", () => {
  round++;
  for (const item of items) item.abort?.abort();
  items.length = 0;
  sorted = null;
  chosen = "all";
  for (const heading of headings) heading.removeAttribute("aria-sort");
  $("rows").replaceChildren();
  document.body.classList.remove("filled");
  $("results").hidden = $("settings").hidden = true;
  tell("");
  document.title = "Pneumoscope";
  say("The list is empty");
  $("choose-files").focus();
});

// --- Progress, counts and what is shown

const isOpen = item => item.state === "waiting" || item.state === "working";

let drained = true;
let quarter = 0; // of the work that was told last

function progress() {
  const left = items.filter(isOpen).length;
  const done = items.length - left;
  $("progress").hidden = !left;
  $("bar").max = items.length || 1;
  $("bar").value = done;
  $("bar-text").textContent = `${number.format(done)} of ${number.format(items.length)} done`;
  const counts = count();
  $("summary").textContent = summary(counts);
  $("retry-all").hidden = Boolean(left) || !failed().length;
  $("retry-all").textContent = `Try ${plural(failed().length, "file", "files")} again`;
  $("csv").disabled = $("pdf").disabled = Boolean(left) || !items.some(item => item.state === "done");
  $("colours-note").hidden = !items.some(item => item.answer?.overlay);
  filters(counts);
  const now = items.length ? Math.floor(4 * done / items.length) : 0;
  if (items.length && now !== quarter) say(left ? $("bar-text").textContent : $("summary").textContent);
  quarter = now;
  document.title = left ? `${done} of ${items.length} – Pneumoscope` : "Pneumoscope";
  if (left) drained = false;
  else if (!drained) {
    drained = true;
    if (sorted) sort();
    if (items.some(item => item.state === "done")) watch();
  }
}

function groupsOf(item) {
  const record = item.answer?.record;
  if (item.state === "failed" || record?.status === "error") return ["error"];
  if (!record) return ["open"];
  const groups = [record.label === null ? "refused" : `class-${model.classes.indexOf(record.label)}`];
  if (record.warnings.length) groups.push("warned");
  return groups;
}

function count() {
  const counts = {};
  for (const item of items) for (const group of groupsOf(item)) counts[group] = (counts[group] ?? 0) + 1;
  return counts;
}

function groupNames() {
  if (!model) return [];
  return [
    ...model.classes.map((name, index) => [`class-${index}`, printable(name), printable(name)]),
    ["refused", model.refused, "refused"],
    ["error", model.failed, "without a prediction"],
    ["warned", "with warnings", ""],
  ];
}

function summary(counts) {
  const parts = groupNames().filter(([key, , text]) => counts[key] && text)
    .map(([key, , text]) => `${number.format(counts[key])} ${text}`);
  const total = plural(items.length, "image", "images");
  return parts.length ? `${total}: ${parts.join(", ")}` : total;
}

function filters(counts) {
  const groups = groupNames().filter(([key]) => counts[key]);
  if (chosen !== "all" && !counts[chosen]) chosen = "all";
  const wanted = [["all", "all", items.length], ...groups.map(([key, name]) => [key, name, counts[key]])];
  const present = new Map([...$("filter").querySelectorAll("label")].map(label => [label.dataset.key, label]));
  for (const [key, label] of present) if (!wanted.some(([each]) => each === key)) label.remove();
  let before = $("filter").querySelector("legend");
  for (const [key, name, amount] of wanted) {
    let label = present.get(key);
    if (!label) {
      const input = make("input", {type: "radio", name: "show", value: key});
      input.addEventListener("change", () => {
        chosen = key;
        filter();
      });
      label = make("label", {}, input, make("span"));
      label.dataset.key = key;
    }
    label.querySelector("span").textContent = `${name} ${number.format(amount)}`;
    label.querySelector("input").checked = key === chosen;
    if (before.nextElementSibling !== label) before.after(label);
    before = label;
  }
  $("filter").hidden = groups.length < 2;
  filter();
}

const isShown = item => chosen === "all" || groupsOf(item).includes(chosen);

function filter() {
  for (const item of items) item.row.hidden = !isShown(item);
}

const headings = [...document.querySelectorAll("th[data-sort]")];

for (const heading of headings) {
  heading.querySelector("button").addEventListener("click", () => {
    const other = {ascending: "descending", descending: "ascending"};
    const order = other[heading.getAttribute("aria-sort")] ?? heading.dataset.order;
    for (const each of headings) each.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", order);
    sorted = {key: heading.dataset.sort, sign: order === "ascending" ? 1 : -1};
    sort();
  });
}

function valueOf(item, key) {
  if (key === "name") return item.name;
  if (key === "heading") return item.answer?.caption.heading ?? "";
  const record = item.answer?.record;
  return record?.label === null || record?.probability == null ? "" : String(record.probability);
}

// Rows without a value stay last.
function compare(one, other) {
  const [a, b] = [valueOf(one, sorted.key), valueOf(other, sorted.key)];
  const values = sorted.key === "probability" ? Number(a) - Number(b) : words.compare(a, b);
  return (a === "") - (b === "") || sorted.sign * values || one.place - other.place;
}

const order = () => sorted ? [...items].sort(compare) : items;

function sort() {
  const focused = document.activeElement;
  $("rows").append(...order().map(item => item.row));
  if ($("rows").contains(focused)) focused.focus();
}

// --- Rows

function makeRow(item) {
  const shown = printable(item.name);
  const folder = shown.includes("/") ? shown.slice(0, shown.lastIndexOf("/") + 1) : "";
  item.look = make("button", {type: "button", className: "look", disabled: true});
  item.look.addEventListener("click", () => view(item));
  const name = make("th", {scope: "row", className: "col-name"},
    folder ? make("span", {className: "quiet", text: folder}) : null, shown.slice(folder.length));
  const cells = ["col-result", "col-probability", "col-remarks"].map(className => make("td", {className}));
  [item.result, item.probability, item.remarks] = cells;
  return make("tr", {}, make("td", {className: "col-image"}, item.look), name, ...cells);
}

function update(item) {
  const {row, answer, state} = item;
  row.className = answer?.record.status === "error" ? "failed" : state;
  row.setAttribute("aria-busy", String(isOpen(item)));
  if (state === "failed") {
    item.look.replaceChildren();
    item.look.disabled = true;
    item.look.removeAttribute("aria-label");
    item.result.replaceChildren(make("span", {text: model?.failed ?? "No prediction"}));
    item.probability.replaceChildren();
    const again = make("button", {type: "button", text: "Try again", ariaLabel: `Try ${printable(item.name)} again`});
    again.addEventListener("click", () => retry([item]));
    item.remarks.replaceChildren(make("p", {text: item.problem}), again);
  } else if (!answer) {
    note(item, state === "working" ? "Being read …" : "Waiting");
  } else if (state === "done") fill(item, answer);
}

function note(item, text) {
  if (item.state === "failed" || item.answer) return;
  item.result.replaceChildren(make("span", {className: "quiet", text}));
  item.probability.replaceChildren();
  item.remarks.replaceChildren();
}

function fill(item, {caption, record, thumbnail, overlay, threshold}) {
  const index = model.classes.indexOf(record.label);
  const key = index < 0 ? null : make("span", {className: `key c${index % COLOURS}`});
  const heading = make("span", {text: printable(caption.heading)});
  item.result.replaceChildren(...[key, heading].filter(Boolean));
  item.probability.replaceChildren(...(index < 0 ? [] : probability(record.probability, threshold, index)));
  const said = [caption.meaning, ...caption.remarks].filter(Boolean);
  item.remarks.replaceChildren(...said.map(text => make("p", {text: printable(text)})));
  const pictures = [[thumbnail, "Radiograph"], [overlay, caption.evidence]].filter(([source]) => source);
  item.look.replaceChildren(...pictures.map(([src, alt]) => make("img", {src, alt: "", title: printable(alt), decoding: "async"})));
  item.look.disabled = !thumbnail;
  item.answer = {...item.answer, thumbnail: Boolean(thumbnail), overlay: Boolean(overlay)}; // the document has them
  if (thumbnail) item.look.ariaLabel = `${printable(item.name)}, ${printable(caption.heading)}: open large`;
}

function probability(given, threshold, index) {
  const bar = make("span", {className: `bar c${index % COLOURS}`, ariaHidden: "true"}, make("span"), make("i"));
  bar.firstChild.style.width = `${(100 * given).toFixed(1)}%`;
  bar.lastChild.style.left = `${(100 * threshold).toFixed(1)}%`;
  return [
    make("span", {className: "figure", text: given.toFixed(3)}),
    bar,
    make("span", {className: "quiet", text: `threshold ${threshold.toFixed(3)}`}),
  ];
}

// --- What is saved

function tell(text) {
  $("saved-note").textContent = text;
}

$("csv").addEventListener("click", () => {
  const lines = items.filter(item => item.state === "done").map(item => item.answer.csv);
  save("predictions.csv", new Blob([model.csv_head, ...lines], {type: "text/csv;charset=utf-8"}));
  const missing = failed().length;
  tell(missing ? `The CSV has no line for ${plural(missing, "file", "files")} that the service has not answered. Try again, then save once more.` : "");
});

$("pdf").addEventListener("click", async () => {
  const wanted = order().filter(item => item.state === "done" && isShown(item));
  if (wanted.length > model.most_printed) {
    tell(`A PDF holds at most ${model.most_printed} images, and ${number.format(wanted.length)} are shown. Show fewer, such as one result, or use pneumoscope predict --pdf.`);
    return;
  }
  const form = new FormData();
  for (const item of wanted) form.append("file", item.file, item.name);
  $("pdf").disabled = true;
  tell(`The PDF of ${plural(wanted.length, "image", "images")} is being made …`);
  try {
    const answer = await ask(`page/pdf?${new URLSearchParams(settings)}`, {method: "POST", body: form});
    save("predictions.pdf", await answer.blob());
    tell("");
    say("The PDF is saved");
  } catch (error) {
    tell(error instanceof Problem ? error.message : STOPPED);
  }
  progress();
});

// --- PNG of 16 bits, which a canvas would cut to 8

async function decodePng(buffer) {
  const view = new DataView(buffer);
  const parts = [];
  let header;
  for (let at = 8; at < buffer.byteLength;) {
    const length = view.getUint32(at);
    const kind = view.getUint32(at + 4);
    if (kind === 0x49484452) header = new DataView(buffer, at + 8, length); // IHDR
    if (kind === 0x49444154) parts.push(new Uint8Array(buffer, at + 8, length)); // IDAT
    at += length + 12;
  }
  const [width, height] = [header.getUint32(0), header.getUint32(4)];
  const bytes = header.getUint8(9) === 6 ? 4 : header.getUint8(8) / 8; // a pixel: RGBA of 8 bits, or grey
  const stream = new Blob(parts).stream().pipeThrough(new DecompressionStream("deflate"));
  const filtered = new Uint8Array(await new Response(stream).arrayBuffer());
  return {width, height, data: unfilter(filtered, width * bytes, height, bytes)};
}

// PNG 9.2: each line begins with its filter, of which each byte is a difference from neighbours.
function unfilter(filtered, stride, height, bytes) {
  const out = new Uint8Array(stride * height);
  for (let y = 0; y < height; y++) {
    const from = y * (stride + 1);
    const kind = filtered[from];
    const to = y * stride;
    for (let x = 0; x < stride; x++) {
      const left = x >= bytes ? out[to + x - bytes] : 0;
      const up = y ? out[to + x - stride] : 0;
      let guess = 0;
      if (kind === 1) guess = left;
      else if (kind === 2) guess = up;
      else if (kind === 3) guess = (left + up) >> 1;
      else if (kind === 4) guess = nearest(left, up, x >= bytes && y ? out[to + x - stride - bytes] : 0);
      out[to + x] = filtered[from + 1 + x] + guess;
    }
  }
  return out;
}

// PNG 9.4: whichever neighbour is nearest to left + up - corner.
function nearest(left, up, corner) {
  const guess = left + up - corner;
  const [a, b, c] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - corner)];
  return a <= b && a <= c ? left : b <= c ? up : corner;
}

async function decodeDeep(answer) {
  const {width, height, data} = await decodePng(await answer.arrayBuffer());
  const values = new Uint16Array(width * height);
  for (let index = 0; index < values.length; index++) values[index] = data[2 * index] << 8 | data[2 * index + 1];
  const [black, white] = answer.headers.get("Pneumoscope-Window").split(" ").map(Number);
  return {width, height, values, black, white};
}

async function decodeLayer(answer) {
  return answer.status === 204 ? null : decodePng(await answer.arrayBuffer());
}

// --- The large view

let seen = null; // item that is shown
let picture = null; // its pixels, and the layer of its heatmap
let loading = null;
const look = {level: 0, width: 1, inverse: false, overlay: true, beside: false, opacity: 100, zoom: 1, x: 0.5, y: 0.5};

const walk = () => order().filter(item => isShown(item) && item.state === "done" && item.answer.thumbnail);

function open(dialog, focus) {
  if (!dialog.open) dialog.showModal();
  focus.focus();
}

async function view(item) {
  seen = item;
  picture = null;
  loading?.abort();
  const abort = loading = new AbortController();
  describe(item);
  blank();
  $("stage-note").textContent = "The radiograph is being read …";
  if (!$("view").open) open($("view"), $("view-result"));
  try {
    const [deep, layer] = await Promise.all([
      post("page/pixels", item.name, {}, item.file, abort.signal).then(decodeDeep),
      post("page/layers", item.name, settings, item.file, abort.signal).then(decodeLayer),
    ]);
    if (abort.signal.aborted) return;
    picture = {...deep, layer, frames: {}};
    $("stage-note").textContent = "";
    reset();
  } catch (error) {
    if (!abort.signal.aborted) $("stage-note").textContent = await reason(item, error);
  }
}

function describe({name, answer: {caption, record}}) {
  const index = model.classes.indexOf(record.label);
  const key = index < 0 ? "" : make("span", {className: `key c${index % COLOURS}`});
  $("view-result").replaceChildren(key, printable(caption.heading));
  $("view-name").textContent = printable(name);
  $("view-probability").textContent = printable(caption.probability);
  $("view-meaning").textContent = printable(caption.meaning);
  $("view-remarks").replaceChildren(...caption.remarks.map(text => make("li", {text: printable(text)})));
  $("view-evidence").hidden = !caption.evidence;
  $("view-evidence-title").textContent = printable(caption.evidence);
  $("main-caption").textContent = printable(caption.evidence);
  const all = walk();
  const place = all.indexOf(seen);
  $("view-count").textContent = `${place + 1} of ${all.length}`;
  $("previous").disabled = place <= 0;
  $("next").disabled = place < 0 || place >= all.length - 1;
}

function step(by) {
  const all = walk();
  const next = all[all.indexOf(seen) + by];
  if (next) view(next);
}

function blank() {
  for (const canvas of canvases) canvas.width = canvas.height = 0;
}

function reset() {
  if (!picture) return;
  Object.assign(look, {zoom: 1, x: 0.5, y: 0.5, inverse: false});
  look.level = (picture.black + picture.white) / 2;
  look.width = picture.white - picture.black;
  show();
}

const canvases = [$("canvas-plain"), $("canvas-main")];
let due = 0;

// Draws at most once a frame of the screen.
function show() {
  if (!due) due = requestAnimationFrame(draw);
}

function draw() {
  due = 0;
  if (!picture) return;
  const laid = look.overlay && picture.layer;
  $("pane-plain").hidden = !look.beside;
  $("stage").classList.toggle("beside", look.beside);
  $("pane-main").classList.toggle("laid", Boolean(laid));
  const table = greys();
  if (look.beside) paint($("canvas-plain"), table, null);
  paint($("canvas-main"), table, laid);
  $("canvas-main").ariaLabel = laid ? `Radiograph. ${$("main-caption").textContent}` : "Radiograph";
  place();
  controls();
}

// The grey level of each value. As the service has it: 256 (v - black) / (white - black).
function greys() {
  const table = new Uint8ClampedArray(WHITEST + 1);
  const black = look.level - look.width / 2;
  for (let value = 0; value <= WHITEST; value++) {
    const grey = Math.max(0, Math.min(255, Math.floor(256 * (value - black) / look.width)));
    table[value] = look.inverse ? 255 - grey : grey;
  }
  return table;
}

function paint(canvas, table, layer) {
  const {width, height, values, frames} = picture;
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, {width, height});
  const context = canvas.getContext("2d", {alpha: false});
  const frame = frames[canvas.id] ??= context.createImageData(width, height);
  if (layer) blend(frame.data, values, table, layer, width, height);
  else {
    for (let index = 0, to = 0; index < values.length; index++, to += 4) {
      frame.data[to] = frame.data[to + 1] = frame.data[to + 2] = table[values[index]];
      frame.data[to + 3] = 255;
    }
  }
  context.putImageData(frame, 0, 0);
}

// The layer is smooth, and smaller than a large radiograph: each pixel takes the nearest of it.
function blend(out, values, table, layer, width, height) {
  const columns = Uint32Array.from({length: width}, (_, x) => Math.floor((x + 0.5) * layer.width / width));
  const strength = look.opacity / 100 / 255;
  for (let y = 0, index = 0, to = 0; y < height; y++) {
    const line = Math.floor((y + 0.5) * layer.height / height) * layer.width;
    for (let x = 0; x < width; x++, index++, to += 4) {
      const from = 4 * (line + columns[x]);
      const grey = table[values[index]];
      const opacity = layer.data[from + 3] * strength;
      out[to] = grey + (layer.data[from] - grey) * opacity;
      out[to + 1] = grey + (layer.data[from + 1] - grey) * opacity;
      out[to + 2] = grey + (layer.data[from + 2] - grey) * opacity;
      out[to + 3] = 255;
    }
  }
}

function scale() {
  const pane = $("pane-main");
  return look.zoom * Math.min(pane.clientWidth / picture.width, pane.clientHeight / picture.height);
}

function place() {
  if (!picture) return;
  const pane = $("pane-main");
  const by = scale();
  const [left, top] = [pane.clientWidth / 2 - look.x * picture.width * by, pane.clientHeight / 2 - look.y * picture.height * by];
  for (const canvas of canvases) canvas.style.transform = `translate(${left}px, ${top}px) scale(${by})`;
  $("zoom").textContent = `${Math.round(100 * look.zoom)} %`;
}

function controls() {
  const press = (id, on) => $(id).setAttribute("aria-pressed", String(on));
  press("overlay", look.overlay && picture.layer !== null);
  press("beside", look.beside);
  press("inverse", look.inverse);
  $("overlay").disabled = $("opacity").disabled = picture.layer === null;
  $("opacity").value = look.opacity;
  $("level").value = 100 * look.level / WHITEST;
  $("width").value = 100 * look.width / WHITEST;
  $("level").ariaValueText = `${Math.round(100 * look.level / WHITEST)} percent`;
  $("width").ariaValueText = `${Math.round(100 * look.width / WHITEST)} percent`;
}

function move(dx, dy) {
  if (!picture) return;
  const within = value => Math.max(0, Math.min(1, value));
  look.x = within(look.x - dx / (picture.width * scale()));
  look.y = within(look.y - dy / (picture.height * scale()));
  place();
}

// Zooms so that the place under (x, y), in pixels from the middle of a pane, stays there.
function zoom(factor, x = 0, y = 0) {
  if (!picture) return;
  const zoomed = Math.max(1, Math.min(20, look.zoom * factor));
  const moved = 1 - zoomed / look.zoom;
  look.zoom = zoomed;
  move(x * moved, y * moved);
}

function setWindow(level, width) {
  if (!picture) return;
  look.level = Math.max(0, Math.min(WHITEST, level));
  look.width = Math.max(WHITEST / 500, Math.min(2 * WHITEST, width));
  show();
}

function toggle(name) {
  if (!picture || (name === "overlay" && !picture.layer)) return;
  look[name] = !look[name];
  show();
}

for (const name of ["overlay", "beside", "inverse"]) $(name).addEventListener("click", () => toggle(name));
$("opacity").addEventListener("input", () => {
  look.opacity = Number($("opacity").value);
  look.overlay = true;
  show();
});
$("level").addEventListener("input", () => setWindow(WHITEST * $("level").value / 100, look.width));
$("width").addEventListener("input", () => setWindow(look.level, WHITEST * $("width").value / 100));
$("zoom-in").addEventListener("click", () => zoom(1.25));
$("zoom-out").addEventListener("click", () => zoom(0.8));
$("reset").addEventListener("click", reset);
$("previous").addEventListener("click", () => step(-1));
$("next").addEventListener("click", () => step(1));
$("close-view").addEventListener("click", () => $("view").close());
$("view").addEventListener("close", () => {
  loading?.abort();
  picture = null;
  blank();
  seen?.look.focus();
});
new ResizeObserver(place).observe($("pane-main"));

// Fingers and buttons on the stage
const stage = $("stage");
const pointers = new Map();

function fromMiddle(event) {
  const box = (event.target.closest(".pane") ?? $("pane-main")).getBoundingClientRect();
  return [event.clientX - box.left - box.width / 2, event.clientY - box.top - box.height / 2];
}

stage.addEventListener("pointerdown", event => {
  if (!picture) return;
  const moves = event.button > 0 || event.shiftKey;
  pointers.set(event.pointerId, {x: event.clientX, y: event.clientY, moves});
  stage.setPointerCapture(event.pointerId);
});
stage.addEventListener("pointermove", event => {
  const pointer = pointers.get(event.pointerId);
  if (!pointer || !picture) return;
  const [dx, dy] = [event.clientX - pointer.x, event.clientY - pointer.y];
  if (pointers.size === 2) pinch(event, pointer, dx, dy);
  else if (pointer.moves) move(dx, dy);
  else setWindow(look.level + dy * look.width / 400, look.width * Math.exp(dx / 300));
  Object.assign(pointer, {x: event.clientX, y: event.clientY});
});

function pinch(event, pointer, dx, dy) {
  const other = [...pointers.values()].find(each => each !== pointer);
  const before = Math.hypot(pointer.x - other.x, pointer.y - other.y);
  const after = Math.hypot(event.clientX - other.x, event.clientY - other.y);
  const box = $("pane-main").getBoundingClientRect();
  if (before > 0) zoom(after / before, other.x - box.left - box.width / 2, other.y - box.top - box.height / 2);
  move(dx / 2, dy / 2);
}

for (const kind of ["pointerup", "pointercancel"]) {
  stage.addEventListener(kind, event => pointers.delete(event.pointerId));
}
stage.addEventListener("contextmenu", event => event.preventDefault());
stage.addEventListener("wheel", event => {
  event.preventDefault();
  zoom(Math.exp(-event.deltaY / 500), ...fromMiddle(event));
}, {passive: false});
stage.addEventListener("dblclick", reset);

// --- Keys

const VIEW_KEYS = {
  ArrowLeft: event => event.shiftKey ? move(40, 0) : step(-1),
  ArrowRight: event => event.shiftKey ? move(-40, 0) : step(1),
  ArrowUp: event => event.shiftKey ? move(0, 40) : setWindow(look.level - look.width / 20, look.width),
  ArrowDown: event => event.shiftKey ? move(0, -40) : setWindow(look.level + look.width / 20, look.width),
  ",": () => setWindow(look.level, look.width * 1.1),
  ".": () => setWindow(look.level, look.width / 1.1),
  "+": () => zoom(1.25),
  "=": () => zoom(1.25),
  "-": () => zoom(0.8),
  o: () => toggle("overlay"),
  s: () => toggle("beside"),
  i: () => toggle("inverse"),
  r: reset,
};

document.addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey || $("token").open) return;
  const typing = event.target.matches?.("input:not([type=range]):not([type=radio]), select");
  if (event.key === "?" && !typing) {
    event.preventDefault();
    open($("keys"), $("keys-title"));
    return;
  }
  if (!$("view").open || $("keys").open) return;
  if (event.target.matches?.("input[type=range]") && event.key.startsWith("Arrow")) return; // the slider's own
  const act = VIEW_KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!act) return;
  event.preventDefault();
  act(event);
});

$("open-keys").addEventListener("click", () => open($("keys"), $("keys-title")));
for (const button of document.querySelectorAll("[data-close]")) {
  button.addEventListener("click", () => button.closest("dialog").close());
}

// --- The card of the model, Markdown of which only the common part is laid out

$("open-card").addEventListener("click", () => {
  if (!$("card-text").hasChildNodes()) $("card-text").append(...blocks(model.card));
  open($("card"), $("card-title"));
});

function* blocks(markdown) {
  for (const block of markdown.split(/\n\s*\n/)) {
    const lines = block.split("\n").filter(line => line.trim());
    if (!lines.length) continue;
    const heading = /^(#+) (.*)/.exec(lines[0]);
    if (heading) {
      yield make(heading[1].length < 2 ? "h3" : "h4", {}, ...inline(heading[2]));
      lines.shift();
    }
    if (!lines.length) continue;
    if (lines.every(line => line.startsWith("    "))) yield make("pre", {tabIndex: 0, text: lines.map(line => line.slice(4)).join("\n")});
    else if (lines.every(line => line.startsWith("|"))) yield make("div", {className: "scroll", tabIndex: 0, role: "region", ariaLabel: "Table"}, tableOf(lines));
    else if (lines[0].startsWith("- ")) yield make("ul", {}, ...lines.map(line => make("li", {}, ...inline(line.replace(/^\s*- /, "")))));
    else yield make("p", {}, ...inline(lines.join(" ")));
  }
}

function tableOf([head, rule, ...rows]) {
  const cells = line => line.split(/(?<!\\)\|/).slice(1, -1).map(cell => cell.trim());
  const line = (tag, texts) => make("tr", {}, ...texts.map(text => make(text ? tag : "td", {}, ...inline(text))));
  return make("table", {}, make("thead", {}, line("th", cells(head))), make("tbody", {}, ...rows.map(row => line("td", cells(row)))));
}

function inline(text) {
  const plain = part => part.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").replace(/\\([\\`*[\]|!])/g, "$1")
    .replaceAll("&lt;", "<").replaceAll("&amp;", "&");
  return text.split(/(`[^`]*`|\*\*[^*]*\*\*)/).filter(Boolean).map(part => {
    if (part.startsWith("`")) return make("code", {text: part.slice(1, -1)});
    return part.startsWith("**") ? make("strong", {text: plain(part.slice(2, -2))}) : plain(part);
  });
}

// --- Drift

const drift = async () => (await ask("page/drift")).json();

// Whether images of late differ from those of the training; silent where nobody can tell.
async function watch() {
  try {
    const {alarm, sentence} = await drift();
    $("alarm").hidden = !alarm;
    $("alarm-text").textContent = sentence;
  } catch {
    $("alarm").hidden = true;
  }
}

async function showDrift() {
  const [place, focus] = [$("drift-text"), $("drift-title")];
  place.replaceChildren();
  open($("drift"), focus);
  try {
    const {sentence, tables, remarks} = await drift();
    place.append(make("p", {text: sentence}), ...tables.map(table), ...remarks.map(text => make("p", {className: "quiet", text})));
  } catch (error) {
    place.append(make("p", {text: error.message}));
  }
}

function table({title, columns, rows}) {
  const line = (cells, first, others) => make("tr", {}, ...cells.map((text, place) => make(text ? (place ? others : first) : "td", {text})));
  const body = rows.map(row => line(row, "th", "td"));
  return make("div", {className: "scroll", tabIndex: 0, role: "region", ariaLabel: title},
    make("table", {}, make("caption", {text: title}), make("thead", {}, line(columns, "th", "th")), make("tbody", {}, ...body)));
}

for (const id of ["open-drift", "alarm-more"]) $(id).addEventListener("click", showDrift);

// --- Begin

const local = ["localhost", "127.0.0.1", "[::1]"].includes(location.hostname);
$("where").textContent = local
  ? "Nothing leaves this machine, and nothing is kept."
  : `Files go to ${location.host} and nowhere else, and are not kept there.`;
start();
