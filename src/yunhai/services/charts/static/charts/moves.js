/** Keys that move over a stage: bar by bar, first, last, closer, further. */

const FAR = 10;

export function moves(stage) {
  const step = (way) => (event) => stage.go(stage.at + way * (event.shiftKey ? FAR : 1));
  return {
    ArrowLeft: step(-1),
    ArrowRight: step(1),
    Home: () => stage.go(0),
    End: () => stage.go(Infinity),
    "+": () => stage.zoom(0.7),
    "=": () => stage.zoom(0.7),
    "-": () => stage.zoom(1.4),
  };
}

/** Gives a stage its keys; `say` is told the bar that the crosshair stands on. */
export function listen(stage, say, actions = moves(stage)) {
  stage.box.addEventListener("keydown", (event) => {
    const action = actions[event.key];
    if (!action || !stage.data || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    action(event);
    if (event.key.startsWith("Arrow") || event.key === "Home" || event.key === "End") say(stage.spoken());
  });
}
