/** Both ends say it in their first frame; ends that differ refuse each other in words instead of misreading frames. */
export const PROTOCOL_VERSION = 2;
