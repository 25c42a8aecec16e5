/** The model that the tests open: the demo model, unless another one is to be looked at. */
export const TEST_MODEL = process.env.REFRACT_TEST_MODEL ?? "demo";
