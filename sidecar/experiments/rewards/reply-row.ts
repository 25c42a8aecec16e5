/** One sampled reply with what every scorer says of it. */
export interface ReplyRow {
  prompt: string;
  text: string;
  base: string;
  condition: string;
  sample: number;
  reply: string;
  length: number;
  refused: boolean;
  rewards: Record<string, number>;
}
