// Runs in the page before anything else: notes when the picture of a stamped frame was on the screen.
(() => {
  if (window.probe) return;
  const now = () => performance.timeOrigin + performance.now();
  const probe = (window.probe = { paints: [], received: 0, sent: 0, bytes: 0, on: false });
  const Original = window.WebSocket;
  window.WebSocket = new Proxy(Original, {
    construct(target, args) {
      const socket = new target(...args);
      if (String(args[0]).includes("/channels")) {
        socket.addEventListener("message", (event) => {
          if (!probe.on) return;
          probe.received += 1;
          probe.bytes += event.data.byteLength || event.data.size || event.data.length || 0;
        });
        const send = socket.send;
        socket.send = function (data) {
          if (probe.on) probe.sent += 1;
          return send.call(this, data);
        };
      }
      return socket;
    },
  });
  let pending = null;
  const channel = new MessageChannel(); // its message comes after the paint that follows an animation frame
  channel.port1.onmessage = () => {
    if (probe.painting) probe.paints.push([now(), ...probe.painting]);
    probe.painting = null;
  };
  const frame = () => {
    if (pending) {
      probe.painting = pending;
      pending = null;
      channel.port2.postMessage(0);
    }
    if (probe.on) requestAnimationFrame(frame);
  };
  probe.start = () => {
    Object.assign(probe, { paints: [], received: 0, sent: 0, bytes: 0, on: true });
    const stamp = document.querySelector(".bench-stamp");
    if (probe.watch) probe.watch.disconnect();
    probe.watch = new MutationObserver(() => {
      const found = /(\d+):([\d.]+)/.exec(stamp.textContent);
      if (found) pending = [Number(found[1]), Number(found[2]) * 1000, now()];
    });
    probe.watch.observe(stamp, { subtree: true, childList: true, characterData: true });
    requestAnimationFrame(frame);
  };
  probe.stop = () => {
    probe.on = false;
    return { paints: probe.paints, received: probe.received, sent: probe.sent, bytes: probe.bytes };
  };
})();
