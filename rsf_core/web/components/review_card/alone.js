// The card alone, over the whole window: a modal dialog that the card moves into and out of.

export class Alone {
  // `left` is called if the browser itself has closed the dialog.
  constructor($, left) {
    this.$ = $;
    const stage = $(".stage");
    stage.oncancel = (event) => event.preventDefault(); // Escape is a key of the card
    stage.onclose = () => {
      if (!stage.contains($(".card"))) return;
      this.leave();
      left();
    };
  }

  be(alone) {
    const stage = this.$(".stage");
    if (alone === stage.open || !stage.isConnected) return;
    if (alone) {
      stage.append(this.$(".card"));
      stage.showModal();
    } else this.leave();
    this.$(".focus").focus();
  }

  leave() {
    const stage = this.$(".stage");
    stage.before(this.$(".card"));
    stage.close();
  }
}
