// Plays a recorded run in a page: no kernel, no network, nothing but this file and the data beside it.
// The data are frames, of which each holds only what changed; all text goes into the page as text, never as HTML.
"use strict";
(() => {
  const SVG = "http://www.w3.org/2000/svg";
  const RING = 64; // up to so many slots stand in a ring, more of them in rows
  const ACROSS = 32;
  const SPEEDS = [0.1, 0.25, 0.5, 1, 2, 4];
  const SHAPES = { running: "▶", paused: "‖", stopped: "■" };
  const KINDS = { info: "·", command: "▸", fault: "✕", worker: "○", output: "›" };

  function make(name, look, text) {
    const made = document.createElement(name);
    if (look) made.className = look;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  function draw(name, traits, text) {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(traits)) made.setAttribute(key, value);
    if (text !== undefined) made.textContent = text;
    return made;
  }

  function sign(worker) {
    const [, , , state, alive] = worker;
    if (!alive) return ["✕", "dead"];
    if (state.startsWith("waiting")) return ["…", "waits"];
    if (state === "spinning") return ["↻", "waits"];
    if (state === "in the critical section") return ["◆", "inside"];
    if (state === "producing" || state === "consuming") return ["▶", "busy"];
    return [state === "stalled" ? "■" : "○", "calm"];
  }

  // --- the slots -------------------------------------------------------------------------------

  function arc(index, count, outer, inner) {
    const at = (share, radius) => {
      const angle = (2 * Math.PI * (index + share)) / count;
      return `${(radius * Math.sin(angle)).toFixed(2)} ${(-radius * Math.cos(angle)).toFixed(2)}`;
    };
    const large = count < 2 ? 1 : 0;
    return `M${at(0, outer)}A${outer} ${outer} 0 ${large} 1 ${at(1, outer)}L${at(1, inner)}` +
      `A${inner} ${inner} 0 ${large} 0 ${at(0, inner)}Z`;
  }

  function ringOf(frame, letters) {
    const count = frame.slots.length;
    const picture = draw("svg", { viewBox: "-132 -132 264 264", class: "ring", "aria-hidden": "true" });
    const point = (index, radius) => {
      const angle = (2 * Math.PI * (index + 0.5)) / count;
      return { x: (radius * Math.sin(angle)).toFixed(2), y: (-radius * Math.cos(angle)).toFixed(2) };
    };
    const size = count <= 8 ? 12 : count <= 16 ? 9 : count <= 32 ? 7 : 5;
    for (let i = 0; i < count; i++) {
      const state = letters.indexOf(frame.slots[i]);
      picture.append(draw("path", { d: arc(i, count, 100, 60), class: `slot s${state}` }));
      const filled = state > 0 && frame.items[i] >= 0;
      const stacked = count <= 16; // the texts of a slot stand below each other, else along its spoke
      const text = (line, scale, what) => {
        const place = point(i, stacked ? 80 : 80 - 13 * line);
        if (stacked) place.y = Number(place.y) + 1.1 * size * line;
        picture.append(draw("text", { ...place, class: `t${state}`, "font-size": size * scale }, what));
      };
      text(filled ? -1 : 0, 1, frame.slots[i]);
      if (filled) {
        text(0, stacked ? 1.2 : 1, String(frame.items[i] % 100000));
        if (count <= 32) text(1, 0.85, frame.makers[i]);
      }
      if (count <= 32 || i % 4 === 0) {
        picture.append(draw("text", { ...point(i, 107), class: "soft", "font-size": 8 }, String(i)));
      }
    }
    for (const [name, index, radius] of [["in", frame.in, 121], ["out", frame.out, 49]]) {
      if (index === null) continue;
      const word = `${name} ${name === "in" ? "↓" : "↑"}`;
      picture.append(draw("text", { ...point(index, radius), class: `${name} pointer`, "font-size": 10 }, word));
    }
    const full = count - frame.slots.split(letters[0]).length + 1;
    picture.append(draw("text", { x: 0, y: -4, class: "ink total", "font-size": 26 }, String(full)));
    picture.append(draw("text", { x: 0, y: 15, class: "soft", "font-size": 9 }, `of ${count} full`));
    return picture;
  }

  function rowsOf(frame, letters) {
    const grid = make("div", "rows");
    grid.setAttribute("aria-hidden", "true");
    for (let i = 0; i < frame.slots.length; i += ACROSS) {
      grid.append(make("span", "soft", String(i)));
      for (let j = i; j < Math.min(i + ACROSS, frame.slots.length); j++) {
        const cell = make("i", `s${letters.indexOf(frame.slots[j])}`, frame.slots[j]);
        if (j === frame.in) cell.classList.add("in");
        if (j === frame.out) cell.classList.add("out");
        grid.append(cell);
      }
    }
    return grid;
  }

  // --- what stands around them -----------------------------------------------------------------

  function cardOf(worker) {
    const [name, role, pid, state, , achieved, rate, items] = worker;
    const card = make("div", `card ${role}`);
    const [shape, tone] = sign(worker);
    card.append(make("b", "name", name), make("span", "soft", ` ${role}, pid ${pid}`));
    card.append(make("div", `pill ${tone}`, `${shape} ${state}`));
    card.append(make("div", "", `${achieved} items/s`), make("div", "soft", `asked ${rate}, ${items} items so far`));
    return card;
  }

  function curveOf(frames, seconds) {
    const most = Math.max(...frames.map((frame) => frame.slots.length));
    const x = (t) => (seconds ? (600 * t) / seconds : 0).toFixed(1);
    let path = "";
    for (const frame of frames) {
      const y = (58 - (54 * frame.full) / most).toFixed(1);
      path += path ? `H${x(frame.t)}V${y}` : `M0 ${y}`;
    }
    const chart = draw("svg", { viewBox: "0 0 600 60", preserveAspectRatio: "none", class: "curve", "aria-hidden": "true" });
    chart.append(draw("path", { d: `${path}H600`, class: "line" }));
    const cursor = draw("line", { y1: 0, y2: 60, class: "cursor" });
    chart.append(cursor);
    return { chart, place: (t) => { cursor.setAttribute("x1", x(t)); cursor.setAttribute("x2", x(t)); } };
  }

  // --- the player ------------------------------------------------------------------------------

  function start(section) {
    const film = JSON.parse(section.querySelector("script").textContent);
    let known = {};
    const frames = film.frames.map((difference) => {
      known = { ...known, ...difference, news: difference.news || [] };
      return { ...known, full: known.slots.length - known.slots.split(film.letters[0]).length + 1 };
    });
    let position = 0, speed = 1, last = null, shown = -1;

    const top = make("div", "top");
    top.append(make("b", "title", film.title), make("span", "badge", `● recorded on ${film.machine}`));
    const notes = film.notes.map((text) => make("p", "warning", `▲ ${text}`));
    const play = make("button", "play", "▶ play");
    play.type = "button";
    const slider = make("input", "time");
    Object.assign(slider, { type: "range", min: 0, max: film.seconds, step: 0.05, value: 0 });
    slider.setAttribute("aria-label", "the moment that is shown");
    const choice = make("select");
    choice.setAttribute("aria-label", "speed");
    for (const each of SPEEDS) choice.append(new Option(`${each} ×`, each, each === 1, each === 1));
    const clock = make("span", "clock");
    const controls = make("div", "controls");
    controls.append(play, choice, slider, clock);
    const stage = make("div", "stage");
    const producers = make("div", "cards"), middle = make("div", "slots"), consumers = make("div", "cards");
    stage.append(producers, middle, consumers);
    const legend = make("div", "legend");
    film.states.forEach((word, state) => {
      const entry = make("span");
      entry.append(make("i", `s${state}`, film.letters[state]), ` ${word}`);
      legend.append(entry);
    });
    const bars = make("span", "bars", "bar above: in, bar below: out");
    legend.append(bars);
    const values = make("div", "values"), counts = make("div", "counts"), events = make("ol", "events");
    const curve = curveOf(frames, film.seconds);
    const line = make("p", "state-line");
    const caption = make("div", "soft", "Occupied slots, the whole run");
    section.replaceChildren(
      top, ...notes, controls, stage, legend, values, counts, caption, curve.chart, events, line);
    events.tabIndex = 0;
    events.setAttribute("aria-label", "what happened");

    function show() {
      let index = frames.findLastIndex((frame) => frame.t <= position + 1e-6);
      index = Math.max(index, 0);
      slider.value = position;
      slider.setAttribute("aria-valuetext", `${position.toFixed(1)} seconds`);
      clock.textContent = `${position.toFixed(1)} s of ${film.seconds.toFixed(1)} s`;
      curve.place(position);
      if (index === shown) return;
      shown = index;
      const frame = frames[index];
      middle.replaceChildren((frame.slots.length <= RING ? ringOf : rowsOf)(frame, film.letters));
      stage.classList.toggle("wide", frame.slots.length > RING);
      bars.hidden = frame.slots.length <= RING;
      producers.replaceChildren(...frame.workers.filter((worker) => worker[1] === "producer").map(cardOf));
      consumers.replaceChildren(...frame.workers.filter((worker) => worker[1] === "consumer").map(cardOf));
      values.replaceChildren(make("span", `pill ${frame.state}`, `${SHAPES[frame.state]} ${frame.state}`));
      for (const [name, value] of Object.entries(frame.semaphores)) {
        values.append(make("span", "semaphore", `${name} = ${value}`));
      }
      for (const [name, value] of Object.entries(frame.variables)) values.append(make("span", "soft", `${name} = ${value}`));
      const faults = make("strong", frame.bad ? "bad" : "good", `${frame.bad ? "✕" : "✓"} ${frame.faults}`);
      counts.replaceChildren(`${frame.counts[0]} produced, ${frame.counts[1]} consumed `, faults);
      const happened = frames.slice(0, index + 1).flatMap((each) => each.news).slice(-100).reverse();
      events.replaceChildren(...happened.map(([seconds, kind, text]) =>
        make("li", kind === "fault" ? "bad" : "", `${seconds.toFixed(1)} s ${KINDS[kind] || "·"} ${text}`)));
      line.textContent = frame.line;
    }

    function step(now) {
      if (last === null) return;
      // A frame may have begun before the click that started it; a page that was hidden goes on where it was.
      position += (speed * Math.min(Math.max(now - last, 0), 1000)) / 1000;
      last = now;
      if (position >= film.seconds) { position = film.seconds; run(false); }
      show();
      if (last !== null) requestAnimationFrame(step);
    }

    function run(playing) {
      if (playing === (last !== null)) return;
      if (playing && position >= film.seconds) position = 0;
      last = playing ? performance.now() : null;
      play.textContent = playing ? "‖ pause" : "▶ play";
      if (playing) requestAnimationFrame(step);
    }

    play.addEventListener("click", () => run(last === null));
    slider.addEventListener("input", () => { position = Number(slider.value); show(); });
    choice.addEventListener("change", () => { speed = Number(choice.value); });
    show();
  }

  document.addEventListener("DOMContentLoaded", () => {
    for (const section of document.querySelectorAll(".shmlab-player")) start(section);
  });
})();
