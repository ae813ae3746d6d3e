terraform {
  required_version = ">= 1.5"
  backend "s3" {
    bucket = "b"
  }
}
variable "a" {
  default   = "x"
  sensitive = true
}
locals {
  dir = "${path.module}/files"
}
module "m" {
  source = "./m"
}
moved {
  from = terraform_data.old
  to   = terraform_data.new
}
resource "terraform_data" "new" {
  input = [for f in ["a", "b"] : file("${local.dir}/${f}.txt")]
  lifecycle {
    prevent_destroy = true
  }
}
import {
  for_each = { a = 1 }
  to       = terraform_data.x[each.key]
  id       = <<-E
    id
  E
}
removed {
  from = terraform_data.gone
}
