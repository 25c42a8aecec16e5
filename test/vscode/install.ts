/** The ladder runs this beside its other rungs, since it downloads for minutes. */
import { prepareVsCode } from "./prepare.ts";

prepareVsCode();
