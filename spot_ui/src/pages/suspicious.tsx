import { mount } from "../app/mount";
import { sourceOfPage } from "../app/sources";
import { SuspiciousPage } from "./SuspiciousPage";

mount(<SuspiciousPage source={sourceOfPage()} />);
