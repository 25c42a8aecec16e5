import { Command } from "commander";

/** The command line's door into the application. */
const program = new Command("refract").description("Find out how language models refuse.");
await program.parseAsync();
