// A list of any length: cut into stretches, of which only those near the window are built.

const STRETCH = 30;
const GUESS = 190; // pixels of an item that was never shown
const WHOLE = 300; // items up to which a list is built whole, and so prints whole

class LongList {
  /** `build(place)` gives the node of an item, or a promise of it. */
  constructor(place, length, build) {
    Object.assign(this, { place, length, build });
    this.boxes = Array.from({ length: Math.ceil(length / STRETCH) }, (_, number) => this.box(number));
    this.near = new IntersectionObserver((entries) => entries.forEach((entry) => this.seen(entry)), { rootMargin: "1500px" });
    place.replaceChildren(...this.boxes);
    this.boxes.forEach((box) => this.near.observe(box));
    if (length <= WHOLE) idle(() => this.fillNext([...this.boxes]));
  }

  /** Stretch by stretch while there is time, until another list takes its place. */
  fillNext(boxes) {
    if (boxes.length && boxes[0].isConnected) this.fill(boxes.shift()).then(() => idle(() => this.fillNext(boxes)));
  }

  /** How many items are there now: those far from the window of a long list are not. */
  get built() {
    return $$("[data-place]", this.place).length;
  }

  box(number) {
    const box = el("div", { class: "stretch", role: "presentation" });
    box.style.minHeight = `${GUESS * (Math.min(this.length, (number + 1) * STRETCH) - number * STRETCH)}px`;
    box.number = number;
    return box;
  }

  seen(entry) {
    if (entry.isIntersecting) this.fill(entry.target);
    else if (this.length > WHOLE && entry.target.filled && !entry.target.contains(document.activeElement)) this.clear(entry.target);
  }

  fill(box) {
    return (box.filled ??= this.items(box).then((items) => {
      if (!box.filled) return;
      box.replaceChildren(...items);
      box.style.minHeight = "";
    }));
  }

  items(box) {
    const from = box.number * STRETCH;
    const places = Array.from({ length: Math.min(STRETCH, this.length - from) }, (_, n) => from + n);
    return Promise.all(places.map((place) => this.build(place)));
  }

  clear(box) {
    if (!box.firstChild) return;
    box.style.minHeight = `${box.getBoundingClientRect().height}px`;
    box.filled = null;
    box.replaceChildren();
  }

  /** Brings an item to where it is read, and the keyboard to it. */
  async reveal(place) {
    if (place < 0 || place >= this.length) return;
    const box = this.boxes[Math.floor(place / STRETCH)];
    await this.fill(box);
    const item = $(`[data-place="${place}"]`, box);
    item?.focus({ preventScroll: true });
    item?.scrollIntoView({ block: "start" });
  }

  end() {
    this.near.disconnect();
    this.place.replaceChildren();
  }
}
