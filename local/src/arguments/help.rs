//! What `--help` says: 80 columns at most.

/// `local --help`.
pub(super) const LOCAL: &str = "\
Portcullis on one machine, without AWS and without Slack.

Usage: local COMMAND [OPTIONS]

Commands:
  demo       run the whole system here, and show it on a page
  replay     read your own CloudTrail files, and see what would have been asked
  help       explain a command: local help replay

Options:
  -h, --help      print this; after a command, explain that one
  -V, --version   print the version

An option's value follows it or an equals sign: --port 0, --port=0.

Exit codes:
  0   it went well
  1   it did not; the reason is on standard error
  2   the command line is wrong; nothing was done";

/// `local demo --help`.
pub(super) const DEMO: &str = "\
Runs the whole system on this machine: the two functions as they ship, stand-ins
for AWS and Slack, and a page on the loopback interface that shows them all.
Ctrl-C stops it.

Usage: local demo [OPTIONS]

Options:
  --data DIR         keep DynamoDB's items and the functions' logs in DIR
                     (default: in memory, and no log files)
  --port N           the page's port (default 8080, or any free one where that
                     is in use; 0: any free one)
  --no-open          do not open the page in a browser
  --poller PATH      the poller's binary (default: beside this one)
  --responder PATH   the responder's binary (default: beside this one)
  -h, --help         print this

Exit codes:
  0   it was stopped
  1   it could not be started; the reason is on standard error
  2   the command line is wrong; nothing was started";

/// `local replay --help`.
pub(super) const REPLAY: &str = "\
Reads CloudTrail records and prints what Portcullis would have asked about them:
a table of every change of a security group's ingress, and a summary. Nothing is
asked of anybody: no network is touched, and nothing is written but the page of
--html. What the records do not tell is said to be not known.

Usage: local replay [OPTIONS] FILE...

  FILE   a file, a folder with all that is in it, or - for standard input

Options:
  --json        print one JSON document in the place of the table
  --html FILE   also write a page to pass on; a file of that name is replaced
  -h, --help    print this

What is read, told by its content, also where it is gzipped:
  - CloudTrail's log files as they lie in S3: {\"Records\": [...]}
  - records, or EventBridge's events with a record in \"detail\": one, a list, or
    one a line
  - batches of such events from SQS
From a folder, files are taken that end with .json, .gz, .jsonl, .ndjson, .log
or .txt. Digest files, Insights and other JSON are passed over, and counted.

The order of the files makes no difference. What is broken is named on standard
error as FILE:LINE:COLUMN, and the rest is read.

The JSON document has \"schema\": 1, which is raised when a field goes or changes
its meaning; \"summary\", the counts; \"rows\", the changes, each with what \"became\"
of it; \"skipped\", what was passed over; and \"problems\", what could not be read.
Its texts are as the records have them: clean them before you show them.

Colour is used on a terminal, unless NO_COLOR is set.

Exit codes:
  0   everything was read
  1   something could not be read; the result of the rest is printed
  2   the command line is wrong; nothing was read";
