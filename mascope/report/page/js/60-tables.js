// Tables: sorted, filtered, with their columns explained; every number leads to the messages behind it.

const ROWS_AT_ONCE = 200;

class TableView {
  constructor(place, about) {
    Object.assign(this, { place, about, sorting: null, query: "", details: false, limit: ROWS_AT_ONCE });
  }

  /** Built once the table is opened. */
  async open() {
    if (this.cells) return;
    this.cells = await part(`table-${this.about.name}`);
    this.order = [...Array(this.about.rows).keys()];
    this.body = el("tbody");
    this.heads = el("tr");
    this.count = el("p", { class: "count", role: "status" });
    this.more = el("button", { type: "button", class: "more", onclick: () => this.showMore() });
    const table = el("table", { class: "data" }, el("caption", { class: "hidden" }, seen(this.about.title)), el("thead", {}, this.heads), this.body);
    const scroll = el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": this.about.title }, table);
    this.place.replaceChildren(this.tools(), scroll, this.more, this.count, this.legend());
    this.drawHeads();
    this.draw();
  }

  get columns() {
    const shown = this.about.columns.map((column, place) => ({ ...column, place }));
    return this.details ? shown : shown.filter((column) => !column.detail);
  }

  tools() {
    const filter = el("input", { type: "search", "aria-label": `Filter the rows of ${this.about.title}`, placeholder: "Filter rows" });
    filter.addEventListener("input", settled(() => this.filter(filter.value), 120));
    const details = el("input", { type: "checkbox" });
    details.addEventListener("change", () => this.showDetails(details.checked));
    const further = this.about.columns.some((column) => column.detail);
    return el(
      "div",
      { class: "tools" },
      filter,
      further && el("label", {}, details, " Further columns"),
      el("button", { type: "button", "data-csv": true, onclick: () => this.save() }, "Download CSV"),
    );
  }

  legend() {
    const terms = this.about.columns.flatMap((column) => [el("dt", {}, column.name), el("dd", {}, seen(column.definition))]);
    return el("details", { class: "legend" }, el("summary", {}, "What the columns mean"), el("dl", {}, ...terms));
  }

  drawHeads() {
    this.heads.replaceChildren(
      ...this.columns.map((column) => {
        const sorted = this.sorting?.place === column.place;
        const button = el("button", { type: "button", onclick: () => this.sort(column.place) }, ...breakable(column.name));
        const sorting = sorted ? (this.sorting.down ? "descending" : "ascending") : "none";
        explained(button, seen(column.definition));
        return el("th", { scope: "col", class: column.numeric && "number", "aria-sort": sorting }, button);
      }),
    );
  }

  sort(place) {
    this.sorting = { place, down: this.sorting?.place === place && !this.sorting.down };
    this.drawHeads();
    this.draw();
    $$("button", this.heads)[this.columns.findIndex((column) => column.place === place)].focus();
  }

  filter(text) {
    this.query = text.trim().toLowerCase();
    this.draw();
  }

  showDetails(shown) {
    this.details = shown;
    this.drawHeads();
    this.draw();
  }

  showMore() {
    this.limit = Infinity;
    this.draw();
  }

  value(row, place) {
    return (this.cells.values[place] ?? this.cells.shown[place])[row];
  }

  /** The rows that the filter leaves, in the order asked for; what is undefined comes last either way. */
  rows() {
    const words = this.query.split(/\s+/).filter(Boolean);
    const hits = (row) => {
      const line = this.cells.shown.map((column) => column[row]).join(" ").toLowerCase();
      return words.every((word) => line.includes(word));
    };
    const rows = words.length ? this.order.filter(hits) : [...this.order];
    if (!this.sorting) return rows;
    const { place, down } = this.sorting;
    const compare = (a, b) => {
      if (a === null || b === null) return (a === null) - (b === null);
      const less = typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en", { numeric: true });
      return down ? -less : less;
    };
    return rows.sort((a, b) => compare(this.value(a, place), this.value(b, place)));
  }

  draw() {
    const rows = this.rows();
    const columns = this.columns;
    this.body.replaceChildren(...rows.slice(0, this.limit).map((row) => el("tr", {}, ...columns.map((column) => this.cell(row, column)))));
    const left = rows.length - this.limit;
    this.more.hidden = left <= 0;
    this.more.textContent = left > 0 ? `Show ${plural(left, "more row")}` : "";
    this.count.textContent = rows.length === this.about.rows ? plural(rows.length, "row") : `${rows.length} of ${plural(this.about.rows, "row")}`;
  }

  cell(row, column) {
    const text = said(this.cells.shown[column.place][row]);
    const links = this.cells.links[row];
    const target = column.name in links ? links[column.name] : this.leads(row, column) && links[""];
    const content = target ? el("a", { href: address(target), title: "The messages behind it" }, text) : text;
    return el("td", { class: column.numeric && "number" }, content);
  }

  /** Numbers lead to their messages, and so does the first word of a row. */
  leads(row, column) {
    return column.place === 0 || (column.numeric && this.value(row, column.place) !== null && this.cells.shown[column.place][row] !== "–");
  }

  save() {
    const columns = this.columns;
    const lines = this.rows().map((row) => columns.map((column) => csvCell(this.value(row, column.place))));
    const marked = ABOUT.simulated ? [["simulated"], ["True"]] : [[], []];
    const whole = [[...columns.map((column) => column.name), ...marked[0]], ...lines.map((line) => [...line, ...marked[1]])];
    download(`${this.about.name}.csv`, "text/csv;charset=utf-8", whole.map((line) => line.join(",")).join("\n") + "\n");
  }
}

/** A text that a spreadsheet would run as a formula gets a sign before it that keeps it from that. */
function csvCell(value) {
  if (value === null) return "";
  if (typeof value === "number") return String(value);
  const text = typeof value === "boolean" ? (value ? "True" : "False") : wellFormed(String(value)).replaceAll("\0", "\ufffd");
  const safe = /^[=+\-@\t\uff1d\uff0b\uff0d\uff20]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** A column's name, which may be broken after its underscores. */
const breakable = (name) => name.split(/(?<=_)/).flatMap((piece) => [piece, el("wbr")]);

/** On paper an open table is whole. */
function wholeTables(views) {
  for (const view of views.filter((one) => one.cells && one.place.closest("details").open)) view.showMore();
}

function startTables() {
  const views = [];
  for (const about of ABOUT.tables.filter((table) => table.held)) {
    const box = document.getElementById(`table-${about.name}`);
    const view = new TableView($(".place", box), about);
    views.push(view);
    box.addEventListener("toggle", () => box.open && view.open());
    if (box.open) view.open();
  }
  beforePaper(() => wholeTables(views));
}
