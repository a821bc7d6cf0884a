/** `<heirloom-relight>`: a surface that can be lit anew. The server writes pictures of it under a few fixed lights. */
import { OnDemand } from "./ondemand";

export class HeirloomRelight extends OnDemand {
  protected async show(focus: boolean, closed: () => void): Promise<void> {
    const { mount } = await import("./relight/viewer");
    await mount(this, focus, closed);
  }
}
