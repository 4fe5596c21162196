// Returns the visible texts whose contrast with what lies behind them is below WCAG AA
// (2.2, success criterion 1.4.3): 4.5, or 3 for large text; as ["1.98 text", ...].
const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
const rgba = (color) => {
  canvas.clearRect(0, 0, 1, 1);
  canvas.fillStyle = color;
  canvas.fillRect(0, 0, 1, 1);
  return [...canvas.getImageData(0, 0, 1, 1).data];
};
const over = (front, back) =>
  [0, 1, 2].map((i) => (front[i] * front[3] + back[i] * (255 - front[3])) / 255);
const luminance = (color) => {
  const [r, g, b] = color.slice(0, 3).map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const behind = (element) => {
  if (element === null) return [255, 255, 255];
  const own = rgba(getComputedStyle(element).backgroundColor);
  return own[3] === 255 ? own : over(own, behind(element.parentElement));
};
const found = { texts: 0, poor: [] };
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const text = walker.currentNode.data.trim();
  const element = walker.currentNode.parentElement;
  if (!text || !element.checkVisibility() || element.closest("title, desc")) continue;
  const style = getComputedStyle(element);
  const inPicture = element instanceof SVGElement;
  let back = behind(element);
  if (element.classList.contains("rank"))
    back = rgba(getComputedStyle(element.previousElementSibling ?? element.parentElement.querySelector("circle")).fill);
  const front = over(rgba(inPicture ? style.fill : style.color), back);
  const [low, high] = [luminance(front), luminance(back)].sort((a, b) => a - b);
  const ratio = (high + 0.05) / (low + 0.05);
  const size = parseFloat(style.fontSize);
  const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
  found.texts += 1;
  if (ratio < (large ? 3 : 4.5)) found.poor.push(`${ratio.toFixed(2)} ${text.slice(0, 60)}`);
}
return found;
