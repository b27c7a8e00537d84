//! The adapters on AWS against the services' real protocols: the stand-ins of package `local`, and dynoxide.

#[cfg(test)]
mod dynamodb;
#[cfg(test)]
mod dynamodb_notes;
#[cfg(test)]
mod ec2;
#[cfg(test)]
mod lake;
#[cfg(test)]
mod round_trip;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod support;
