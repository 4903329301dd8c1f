// Draws heat maps in the colours of serving/gateway/api/heat_map.py.
const STOPS = [
  [8, 8, 32],
  [70, 20, 110],
  [165, 40, 105],
  [232, 100, 55],
  [250, 185, 60],
  [255, 250, 190],
];

function colour(level) {
  const place = (level / 255) * (STOPS.length - 1);
  const below = Math.min(Math.floor(place), STOPS.length - 2);
  return STOPS[below].map((part, i) => part + (STOPS[below + 1][i] - part) * (place - below));
}

// Draw rows of numbers from 0 to 1 on a canvas of the given size: smooth levels first, then colours.
export function drawHeat(canvas, heat, width, height) {
  const grid = new OffscreenCanvas(heat[0].length, heat.length).getContext("2d");
  const levels = grid.createImageData(heat[0].length, heat.length);
  heat.flat().forEach((value, i) => levels.data.set([value * 255, value * 255, value * 255, 255], i * 4));
  grid.putImageData(levels, 0, 0);
  Object.assign(canvas, { width, height });
  const pen = canvas.getContext("2d");
  pen.imageSmoothingQuality = "high";
  pen.drawImage(grid.canvas, 0, 0, width, height);
  const pixels = pen.getImageData(0, 0, width, height);
  for (let i = 0; i < pixels.data.length; i += 4) pixels.data.set(colour(pixels.data[i]), i);
  pen.putImageData(pixels, 0, 0);
}
