"""What is measured. Each module has ``run(instance) -> list[Result]``; a new one adds a line."""

from bench.cases import answers, due, imports, people, results, statements, throughput, udi, work

CASES = {
    "answers": answers.run,
    "statements": statements.run,
    "throughput": throughput.run,
    "udi": udi.run,
    "work": work.run,
    "imports": imports.run,
    "results": results.run,
    "due": due.run,
    "people": people.run,
}
