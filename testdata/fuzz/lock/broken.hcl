provider "a/b/c" {}
provider "x" { version = "1" }
provider {
