"use strict";
// Play a chapter from any line of its text, and mark the line that is heard.
(() => {
  const follow = document.getElementById("follow");
  const players = [];

  for (const chapter of document.querySelectorAll(".chapter")) {
    const audio = chapter.querySelector("audio");
    if (!audio) continue;
    const lines = [...chapter.querySelectorAll("a[id][data-t]")];
    const starts = lines.map((line) => Number(line.dataset.t));
    const wave = chapter.querySelector(".wave");
    const played = chapter.querySelector(".played");
    const length = Number(chapter.dataset.ms);
    const bars = Number(chapter.dataset.bars);
    let marked = null;

    // The last line that began at or before this moment.
    const lineAt = (ms) => {
      let low = 0;
      let high = starts.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (starts[middle] <= ms) low = middle + 1;
        else high = middle;
      }
      return lines[low - 1] || null;
    };

    const show = () => {
      // Half a millisecond, because players round a seek down.
      const ms = audio.currentTime * 1000 + 0.5;
      if (played) played.setAttribute("width", String(Math.min(1, ms / length) * bars));
      const line = lineAt(ms);
      if (line === marked) return;
      if (marked) marked.removeAttribute("aria-current");
      if (line) line.setAttribute("aria-current", "true");
      if (line && follow.checked && !audio.paused) line.scrollIntoView({ block: "center" });
      marked = line;
    };

    const playFrom = (ms) => {
      const go = () => {
        audio.currentTime = ms / 1000;
        show();
      };
      // Before the file is known, some players forget where they were sent.
      if (audio.readyState > 0) go();
      else audio.addEventListener("loadedmetadata", go, { once: true });
      audio.play().catch(() => {});
    };

    const tick = () => {
      show();
      if (!audio.paused) requestAnimationFrame(tick);
    };
    audio.addEventListener("play", () => {
      for (const other of players) if (other !== audio) other.pause();
      tick();
    });
    audio.addEventListener("seeked", show);
    audio.addEventListener("timeupdate", show);
    players.push(audio);

    chapter.addEventListener("click", (event) => {
      const line = event.target.closest("a[data-t]");
      if (!line || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      if (String(getSelection())) return;
      history.replaceState(null, "", line.hash);
      playFrom(Number(line.dataset.t));
    });
    if (wave) {
      wave.addEventListener("click", (event) => {
        const box = wave.getBoundingClientRect();
        playFrom(((event.clientX - box.left) / box.width) * length);
      });
    }
  }
})();
