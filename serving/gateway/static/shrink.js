// Photos that the server refuses for their size or format, as smaller JPEGs.
const LONGEST = 2048; // pixels; far more than any model takes
const REASONS = new Set(["body-too-large", "too-many-pixels", "too-costly", "unsupported-format"]);

export const mayHelp = (problem) => REASONS.has(problem.slug);

// Return a smaller JPEG of a photo; null if this browser can't decode it.
export async function shrink(file) {
  try {
    const whole = await createImageBitmap(file);
    const scale = Math.min(1, LONGEST / Math.max(whole.width, whole.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(whole.width * scale));
    canvas.height = Math.max(1, Math.round(whole.height * scale));
    const pen = canvas.getContext("2d");
    pen.imageSmoothingQuality = "high";
    pen.drawImage(whole, 0, 0, canvas.width, canvas.height);
    whole.close();
    return await new Promise((resolve) => { canvas.toBlob(resolve, "image/jpeg", 0.92); });
  } catch {
    return null;
  }
}
