/** How many bytes a text in Base64 stands for. */
export function bytesOfBase64(text: string): number {
  const padding = /=*$/.exec(text)?.[0].length ?? 0;
  return Math.floor((text.length * 3) / 4) - padding;
}
