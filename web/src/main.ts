import { mount } from 'svelte';
import App from './App.svelte';
// Before anything is shown: it sets the zone that times are shown in.
import './lib/zone.svelte';
import './styles/tokens.css';
import './styles/base.css';

const target = document.getElementById('app');
if (target) mount(App, { target });
