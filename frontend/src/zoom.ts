/** `<heirloom-zoom>`: a picture that can be looked at closely. The server writes it as a link to its full size. */
import { OnDemand } from "./ondemand";

export class HeirloomZoom extends OnDemand {
  protected async show(focus: boolean, closed: () => void): Promise<void> {
    const { mount } = await import("./viewer");
    await mount(this, focus, closed);
  }
}
