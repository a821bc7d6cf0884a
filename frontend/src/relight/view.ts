/** Which part of the picture is seen: the place of its top left corner on the canvas and its scale, in the canvas's pixels. */
export interface View {
  x: number;
  y: number;
  scale: number;
}

export interface Size {
  width: number;
  height: number;
}

const CLOSEST = 8;

/** The whole picture in the middle. */
export function whole(picture: Size, canvas: Size): View {
  return middle(picture, canvas, Math.min(canvas.width / picture.width, canvas.height / picture.height));
}

/** The picture's middle in the canvas's; whole pixels, so that at scale 1 each pixel is shown as it is. */
export function middle(picture: Size, canvas: Size, scale: number): View {
  return {
    x: Math.floor((canvas.width - picture.width * scale) / 2),
    y: Math.floor((canvas.height - picture.height * scale) / 2),
    scale,
  };
}

/** Nearer by *factor*, with the point (x, y) of the canvas staying where it is. */
export function nearer(view: View, factor: number, x: number, y: number, picture: Size, canvas: Size): View {
  const least = Math.min(1, whole(picture, canvas).scale);
  const scale = Math.min(CLOSEST, Math.max(least, view.scale * factor));
  const ratio = scale / view.scale;
  return kept({ scale, x: x - (x - view.x) * ratio, y: y - (y - view.y) * ratio }, picture, canvas);
}

/** Moved, but never so far that the picture leaves: smaller than the canvas it stands in the middle, larger it covers it. */
export function kept(view: View, picture: Size, canvas: Size): View {
  const place = (at: number, long: number, room: number) =>
    long <= room ? Math.floor((room - long) / 2) : Math.round(Math.min(0, Math.max(room - long, at)));
  return {
    scale: view.scale,
    x: place(view.x, picture.width * view.scale, canvas.width),
    y: place(view.y, picture.height * view.scale, canvas.height),
  };
}
